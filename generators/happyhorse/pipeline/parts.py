"""Parts that a pipeline computes with, and how to load them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import torch

from generators.happyhorse.codecs.protocol import AudioCodec, TextEncoder, VideoDecoder, VideoEncoder
from generators.happyhorse.execution.plans import Plan
from generators.happyhorse.network.config import HappyHorseConfig
from generators.happyhorse.network.kinds import CheckpointKind
from generators.happyhorse.network.limits import PUBLIC, Limits
from generators.happyhorse.network.transformer import HappyHorseTransformer
from generators.happyhorse.pipeline.request import Upscale
from generators.happyhorse.sampling.preconditioning import Variances


def _nothing_held() -> int:
    return 0


@dataclass(frozen=True)
class Parts:
    """Parts of one model. A function loads its part anew, or returns one that is kept loaded."""

    config: HappyHorseConfig
    kind: CheckpointKind
    """Use of the transformer: sampler, steps and guidance."""
    text: TextEncoder
    transformer: Callable[[], HappyHorseTransformer]
    video_encoder: Callable[[], VideoEncoder]
    video_decoder: Callable[[], VideoDecoder]
    audio: Callable[[], AudioCodec]
    super_resolution: Mapping[Upscale, Callable[[], HappyHorseTransformer]] = field(default_factory=dict)
    negative_prompt: str | None = None
    """Prompt that the base checkpoint is guided away from; the other kinds take none."""
    variances: Variances | None = None
    """Variances of clean latents, if the transformer is preconditioned; see `preconditioning`."""
    cascade: bool = False
    """Whether the video is sampled first, without audio, and then audio for it, by the same transformer."""
    limits: Limits = PUBLIC
    threads: int | None = None
    """CPU threads to compute with; None leaves the number unchanged. One is fastest for a small network."""
    plan: Plan = Plan()  # noqa: RUF009  (frozen)
    """Precision of the large products, and the ways to take less memory."""
    text_bytes: int = 0
    """Bytes of the text encoder's weights."""
    held_bytes: Callable[[], int] = _nothing_held
    """Bytes of the weights that are kept loaded at the moment."""
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
