"""Latents, the conditioning that replaces parts of them, and the noise that sampling starts from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor


class Latents(NamedTuple):
    """Latents of a batch."""

    video: Tensor
    """(B, C, T, H, W)."""
    audio: Tensor | None
    """(B, A, channels); None where audio is left out."""


@dataclass(frozen=True)
class Conditioning:
    """Clean latents that are given. The network sees them clean at every step, and they stay as they are."""

    first_frame: Tensor | None = None
    """Latent of a reference image, (B, C, 1, H, W)."""
    audio: Tensor | None = None
    """Latents of a sound track, (B, A, channels)."""
    video: Tensor | None = None
    """Latents of a whole video, for which only sound is made, (B, C, T, H, W)."""

    def put_into(self, x: Latents) -> Latents:
        """Replace parts of the latents by those that are given.

        Raises:
            ValueError: The given audio has another shape than the latents' audio.
        """
        video, audio = x
        if self.video is not None:
            video = self.video.to(video)
        if self.first_frame is not None:
            video = torch.cat([self.first_frame.to(video), video[:, :, 1:]], dim=2)
        if self.audio is not None:
            if audio is None or audio.shape != self.audio.shape:
                wanted = None if audio is None else tuple(audio.shape)
                raise ValueError(
                    f"The given audio must have the shape of the latents' audio, {wanted}; "
                    f"got {tuple(self.audio.shape)}."
                )
            audio = self.audio.to(audio)
        return Latents(video, audio)


UNCONDITIONED = Conditioning()
"""Nothing is given: the sampler makes everything."""


class Noise:
    """Gaussian noise from one seed for each sample of a batch.

    It is drawn on the CPU, so that it is the same on every device. Video and audio have a stream each, so
    that the video's noise is the same with and without sound.

    Args:
        seeds: One for each sample.
        device: Where the noise is returned.
    """

    def __init__(self, *seeds: int, device: torch.device | str = "cpu") -> None:
        self.device = device
        self._video = [torch.Generator().manual_seed(2 * seed) for seed in seeds]
        self._audio = [torch.Generator().manual_seed(2 * seed + 1) for seed in seeds]

    def draw(self, video: tuple[int, ...], audio: tuple[int, ...] | None) -> Latents:
        """Draw the next noise for one sample's shapes, (C, T, H, W) and (A, channels)."""
        noisy_video = self._next(self._video, video)
        noisy_audio = None if audio is None else self._next(self._audio, audio)
        return Latents(noisy_video, noisy_audio)

    def like(self, x: Latents) -> Latents:
        """Draw the next noise in the shapes of a batch."""
        audio = None if x.audio is None else tuple(x.audio.shape[1:])
        return self.draw(tuple(x.video.shape[1:]), audio)

    def _next(self, streams: list[torch.Generator], shape: tuple[int, ...]) -> Tensor:
        return torch.stack([torch.randn(shape, generator=stream) for stream in streams]).to(self.device)
