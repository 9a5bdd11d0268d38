"""A small model and clips of random latents, for tests of training."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from generators.happyhorse.network.config import HappyHorseConfig
from generators.happyhorse.toy.model import TOY, ToyModel
from generators.happyhorse.toy.words import VOCABULARY
from generators.happyhorse.training.cache import EncodedBatch
from generators.happyhorse.training.flow_step import FlowStep
from generators.happyhorse.training.run import Run, Settings

SMALL: HappyHorseConfig = replace(
    TOY, num_layers=3, hidden_size=48, num_query_groups=2, mm_layers=(0, 2), text_in_channels=16
)


class FixedClips:
    """Latents of unit variance, the same every time; each clip's sound follows from its picture."""

    def __init__(self, count: int = 8, seed: int = 0) -> None:
        generator = torch.Generator().manual_seed(seed)
        video = torch.randn(count, SMALL.latent_channels, 3, 2, 2, generator=generator)
        means = video.mean(dim=(2, 3, 4))[:, None] * 12**0.5  # (B, 1, 6)
        audio = means.repeat(1, 9, 3)[..., : SMALL.audio_in_channels]
        words = torch.randint(len(VOCABULARY), (count, 7), generator=generator)
        self.latents = EncodedBatch(video, audio, words)

    def __len__(self) -> int:
        return len(self.latents.video)

    def batch(self, chosen: np.ndarray) -> EncodedBatch:
        return EncodedBatch(*(part[chosen] for part in self.latents))


def small_run(weights: int = 0, **changes: object) -> Run:
    """Return a run of 100 steps at its start."""
    torch.manual_seed(weights)
    settings = Settings(**{"samples": 800, "batch": 8, **changes})  # type: ignore[arg-type]  # passed through
    return Run(FlowStep(ToyModel(SMALL)), settings)


def take(run: Run, clips: FixedClips, count: int) -> Run:
    """Take a number of training steps; return the same run."""
    for _ in range(count):
        run.advance(clips)
    return run
