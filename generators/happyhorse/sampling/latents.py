"""Latents, what of them is given, and the noise that sampling starts from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor


class Latents(NamedTuple):
    """A batch's video (B, C, T, H, W) and audio (B, A, channels); None where audio is left out."""

    video: Tensor
    audio: Tensor | None


@dataclass(frozen=True)
class Conditioning:
    """What is given and stays as it is: the network sees it clean at every step."""

    first_frame: Tensor | None = None
    """(B, C, 1, H, W): a reference image."""
    audio: Tensor | None = None
    """(B, A, channels): a sound track."""
    video: Tensor | None = None
    """(B, C, T, H, W): a whole picture, for which only sound is made."""

    def put_into(self, x: Latents) -> Latents:
        """The latents with what is known in its place."""
        video, audio = x
        if self.video is not None:
            video = self.video.to(video)
        if self.first_frame is not None:
            video = torch.cat([self.first_frame.to(video), video[:, :, 1:]], dim=2)
        if self.audio is not None:
            if audio is None or audio.shape != self.audio.shape:
                had = None if audio is None else tuple(audio.shape)
                raise ValueError(
                    f"The known audio is {tuple(self.audio.shape)}; the latents' audio is {had}."
                )
            audio = self.audio.to(audio)
        return Latents(video, audio)


UNCONDITIONED = Conditioning()
"""Nothing is given: everything is made."""


class Noise:
    """Gaussian noise from one seed for each sample of a batch, drawn on the CPU for every device.

    Video and audio have a stream each, so that the picture's noise is the same with and without sound.
    """

    def __init__(self, *seeds: int, device: torch.device | str = "cpu") -> None:
        self.device = device
        self._video = [torch.Generator().manual_seed(2 * seed) for seed in seeds]
        self._audio = [torch.Generator().manual_seed(2 * seed + 1) for seed in seeds]

    def draw(self, video: tuple[int, ...], audio: tuple[int, ...] | None) -> Latents:
        """The next noise, for one sample's shapes: (C, T, H, W) and (A, channels)."""
        return Latents(
            self._next(self._video, video), None if audio is None else self._next(self._audio, audio)
        )

    def like(self, x: Latents) -> Latents:
        """The next noise, in the shapes of a batch."""
        return self.draw(tuple(x.video.shape[1:]), None if x.audio is None else tuple(x.audio.shape[1:]))

    def _next(self, streams: list[torch.Generator], shape: tuple[int, ...]) -> Tensor:
        return torch.stack([torch.randn(shape, generator=stream) for stream in streams]).to(self.device)
