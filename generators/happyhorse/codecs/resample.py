"""Change the rate of sampled sound."""

from __future__ import annotations

import torch
from torch import Tensor


def resample(samples: Tensor, count: int) -> Tensor:
    """Resample (..., N) to (..., count) samples over the same time, cut off at the lower Nyquist frequency.

    This is the Fourier method of `scipy.signal.resample`, which the public code uses. It treats the sound as
    periodic, so that its ends bleed into each other by a few samples.
    """
    before = samples.shape[-1]
    if count == before:
        return samples
    kept = min(before, count)
    spectrum = torch.fft.rfft(samples)[..., : kept // 2 + 1].clone()
    if kept % 2 == 0:
        # The bin at the lower Nyquist frequency stands for two, which are separate in the longer signal.
        spectrum[..., -1] *= 2.0 if count < before else 0.5
    resampled: Tensor = torch.fft.irfft(spectrum, n=count) * (count / before)
    return resampled
