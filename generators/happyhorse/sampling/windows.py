"""Clips longer than the network was trained on, by overlapped windows that are denoised together.

At every step the network sees one window after the other, each placed as if it were a clip; where windows
overlap, their velocities are blended. All share one noise and one sampler, so that seeds and steps mean what
they mean for short clips. The idea is MultiDiffusion's (arXiv 2302.08113), along time.
"""

from __future__ import annotations

import torch
from torch import Tensor

from generators.happyhorse.sampling.samplers import Velocity


def window_starts(length: int, window: int, overlap: int) -> list[int]:
    """Where windows of one length begin, so that they cover `length` and overlap by `overlap` or more.

    Raises:
        ValueError: The overlap leaves no room to move on.
    """
    if not 0 < overlap < window:
        raise ValueError(f"The overlap must be 1…{window - 1} latent frames; got {overlap}.")
    if length <= window:
        return [0]
    return [*range(0, length - window, window - overlap), length - window]


def in_windows(velocity: Velocity, window: int, overlap: int, stride: int = 4) -> Velocity:
    """A velocity for any length, from one for at most `window` latent frames.

    Args:
        velocity: Of one window.
        window: Latent frames at once.
        overlap: Latent frames that neighbours share at least.
        stride: Audio latents for each latent frame but the first.
    """

    def blended(video: Tensor, audio: Tensor | None) -> tuple[Tensor, Tensor | None]:
        length = video.shape[2]
        if length <= window:
            return velocity(video, audio)
        totals = torch.zeros_like(video), None if audio is None else torch.zeros_like(audio)
        shares = video.new_zeros(length), video.new_zeros(0 if audio is None else audio.shape[1])
        for start in window_starts(length, window, overlap):
            frames = slice(start, start + window)
            last = None if frames.stop == length else (frames.stop - 1) * stride + 1
            sounds = slice(start * stride, last)
            v, a = velocity(video[:, :, frames], None if audio is None else audio[:, sounds])
            _add(totals[0], shares[0], v, frames, dim=2)
            if a is not None and totals[1] is not None:
                _add(totals[1], shares[1], a, sounds, dim=1)
        blended_audio = None if totals[1] is None else totals[1] / shares[1][:, None]
        return totals[0] / shares[0][:, None, None], blended_audio

    return blended


def _add(total: Tensor, shares: Tensor, part: Tensor, where: slice, dim: int) -> None:
    """Adds a window's part, whose share falls from its middle to its ends but never to nothing."""
    count = part.shape[dim]
    share = torch.arange(1, count + 1, device=part.device, dtype=part.dtype)
    share = torch.minimum(share, share.flip(0))
    total[(slice(None),) * dim + (where,)] += part * share.reshape(-1, *[1] * (part.ndim - dim - 1))
    shares[where] += share
