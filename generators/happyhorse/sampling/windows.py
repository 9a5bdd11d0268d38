"""Sample clips longer than the network was trained on, by overlapping windows that are denoised together.

At every step the network sees one window after the other, each at the coordinates of a whole clip. Where
windows overlap, their velocities are blended. All share one noise and one sampler, so that seeds and steps
have the same meaning as for short clips. This is MultiDiffusion (arXiv 2302.08113) along time.
"""

from __future__ import annotations

import torch
from torch import Tensor

from generators.happyhorse.sampling.samplers import Velocity


def window_starts(length: int, window: int, overlap: int) -> list[int]:
    """Return the first frames of windows that cover `length` and overlap by at least `overlap`.

    Raises:
        ValueError: The overlap is not shorter than a window, or not positive.
    """
    if not 0 < overlap < window:
        raise ValueError(f"overlap must be from 1 to {window - 1} latent frames; got {overlap}.")
    if length <= window:
        return [0]
    return [*range(0, length - window, window - overlap), length - window]


def in_windows(velocity: Velocity, window: int, overlap: int, stride: int = 4) -> Velocity:
    """Return a velocity for clips of any length, made from one for at most `window` latent frames.

    Args:
        velocity: Velocity of one window.
        window: Latent frames in a window.
        overlap: Least number of latent frames that neighbours share.
        stride: Audio latents for each latent frame but the first.
    """

    def blended(video: Tensor, audio: Tensor | None) -> tuple[Tensor, Tensor | None]:
        length = video.shape[2]
        if length <= window:
            return velocity(video, audio)
        seen = _Blend(video, dim=2)
        heard = None if audio is None else _Blend(audio, dim=1)
        for start in window_starts(length, window, overlap):
            frames = slice(start, start + window)
            last = None if frames.stop == length else (frames.stop - 1) * stride + 1
            sounds = slice(start * stride, last)
            v, a = velocity(video[:, :, frames], None if audio is None else audio[:, sounds])
            seen.add(v, frames)
            if a is not None and heard is not None:
                heard.add(a, sounds)
        return seen.mean(), None if heard is None else heard.mean()

    return blended


class _Blend:
    """Weighted mean of windows along one axis."""

    def __init__(self, like: Tensor, dim: int) -> None:
        self._dim = dim
        self._total = torch.zeros_like(like)
        self._weights = like.new_zeros(like.shape[dim])

    def add(self, part: Tensor, where: slice) -> None:
        """Add a window with weights 1, 2, …, 2, 1: they fall from its middle to its ends, but never to 0."""
        count = part.shape[self._dim]
        weight = torch.arange(1, count + 1, device=part.device, dtype=part.dtype)
        weight = torch.minimum(weight, weight.flip(0))
        self._total[(slice(None),) * self._dim + (where,)] += part * self._along(weight)
        self._weights[where] += weight

    def mean(self) -> Tensor:
        """Return the mean of all windows."""
        return self._total / self._along(self._weights)

    def _along(self, values: Tensor) -> Tensor:
        """Reshape values of the axis, so that they broadcast with the whole."""
        return values.reshape(-1, *[1] * (self._total.ndim - self._dim - 1))
