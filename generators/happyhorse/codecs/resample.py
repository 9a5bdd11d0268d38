"""Changes the rate of sampled sound."""

from __future__ import annotations

import torch
from torch import Tensor


def resample(samples: Tensor, count: int) -> Tensor:
    """Samples (…, N) over the same time as (…, count): what lies above either Nyquist frequency is cut off.

    The Fourier method, as `scipy.signal.resample`, which the public code uses. It takes the sound for one
    period, so that the ends bleed into each other by a few samples.
    """
    before = samples.shape[-1]
    if count == before:
        return samples
    kept = min(before, count)
    spectrum = torch.fft.rfft(samples)[..., : kept // 2 + 1].clone()
    if kept % 2 == 0:
        # The bin at the lower Nyquist frequency stands for two when it comes to lie, or lay, inside the band.
        spectrum[..., -1] *= 2.0 if count < before else 0.5
    resampled: Tensor = torch.fft.irfft(spectrum, n=count) * (count / before)
    return resampled
