"""What a pipeline is made of: the parts, the ways to load them, and how they measure time and space."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import torch

from generators.happyhorse.codecs.protocol import AudioCodec, TextEncoder, VideoDecoder, VideoEncoder
from generators.happyhorse.network.config import HappyHorseConfig
from generators.happyhorse.network.kinds import CheckpointKind
from generators.happyhorse.network.transformer import HappyHorseTransformer
from generators.happyhorse.pipeline.request import ClipRequest, Upscale
from generators.happyhorse.sampling.preconditioning import Variances

PATCH = 2
"""Latent pixels along one side of a token."""


@dataclass(frozen=True)
class Components:
    """Functions load their part anew, or return one that is kept loaded."""

    config: HappyHorseConfig
    kind: CheckpointKind
    text: TextEncoder
    transformer: Callable[[], HappyHorseTransformer]
    video_encoder: Callable[[], VideoEncoder]
    video_decoder: Callable[[], VideoDecoder]
    audio: Callable[[], AudioCodec]
    super_resolution: Mapping[Upscale, Callable[[], HappyHorseTransformer]] = field(default_factory=dict)
    negative_prompt: str | None = None
    """What the base checkpoint is guided away from; the others take none."""
    variances: Variances | None = None
    """Of clean latents, if the transformer says what the Wiener estimate lacks; see `preconditioning`."""
    cascade: bool = False
    """Whether the picture is made first and silently, and then sound for it, by the same transformer."""
    steps: int | None = None
    """Of the first stage; None for what the kind of checkpoint is made for."""
    fps: int = 25
    """Frames per second, and audio latents."""
    temporal_stride: int = 4
    spatial_stride: int = 16
    window: int = 63
    """Latent frames that the network sees at once: 10 s. Longer clips take several windows."""
    overlap: int = 8
    """Latent frames that neighbouring windows share."""
    longest_s: float | None = None
    """What the network can't go beyond, if windows don't help."""
    only_size: tuple[int, int] | None = None
    """Width and height in pixels, if it can make no others."""
    threads: int | None = None
    """CPU threads that pay: one for a small network, whose products are done before two have met."""
    text_bytes: int = 0
    """Memory that the text encoder's weights take."""
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))

    @property
    def side_multiple(self) -> int:
        """Pixels along one side of a token."""
        return PATCH * self.spatial_stride

    def frames(self, request: ClipRequest) -> int:
        """Video frames, and audio latents: one more than the duration holds."""
        return round(self.fps * request.duration_s) + 1

    def latent_frames(self, request: ClipRequest) -> int:
        """The first holds one frame, each other `temporal_stride`; what is left over isn't made."""
        return (self.frames(request) - 1) // self.temporal_stride + 1
