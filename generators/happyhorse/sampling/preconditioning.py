"""Preconditioning: a skip connection from the Wiener estimate, outside the network that is trained with it.

The best linear estimate of clean latents of variance v from x = (1 − σ)·clean + σ·noise is Wiener's,
(1 − σ)·v/D·x with D = (1 − σ)²·v + σ². Its error has the variance σ²·v/D. The network's output F is that
error in units of its standard deviation: clean = (1 − σ)·v/D·x + σ·√(v/D)·F. As velocity = (x − clean)/σ,

    velocity = (σ − (1 − σ)·v)/D·x − √(v/D)·F     and F should be     (σ·clean/√v − (1 − σ)·√v·noise)/√D,

which has unit variance at every σ and is uncorrelated with x. This follows Karras et al. (arXiv 2206.00364)
with two differences: each channel has its own variance, and the network isn't told σ, which only the loss and
the samplers know.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

Network = Callable[[Tensor, Tensor | None], tuple[Tensor, Tensor | None]]


class Variances(NamedTuple):
    """Variance of each channel of clean latents, in shapes that broadcast with a batch."""

    video: Tensor
    """(C, 1, 1, 1)."""
    audio: Tensor
    """(channels,)."""


@dataclass(frozen=True)
class Preconditioned:
    """A network that predicts the error of the Wiener estimate."""

    network: Network
    """Maps video and audio to an output F for each; audio may be None."""
    variances: Variances

    def at(self, level: Tensor | float) -> Network:
        """Return the function that predicts the velocity at noise level σ, one for all or one each (B,)."""

        def velocity(video: Tensor, audio: Tensor | None) -> tuple[Tensor, Tensor | None]:
            video_output, audio_output = self.network(video, audio)
            video_velocity = to_velocity(video_output, video, level, self.variances.video)
            if audio is None or audio_output is None:
                return video_velocity, None
            return video_velocity, to_velocity(audio_output, audio, level, self.variances.audio)

        return velocity


def to_velocity(output: Tensor, x: Tensor, level: Tensor | float, variance: Tensor) -> Tensor:
    """Convert the network's output to a velocity: (σ − (1 − σ)·v)/D·x − √(v/D)·F.

    Args:
        output: F, in the shape of `x`.
        x: Noisy latents (B, …).
        level: σ, one for all, one for each sample (B,), or with more axes of `x`.
        variance: v, in a shape that broadcasts with `x`.
    """
    level = spread(level, x)
    d = power(level, variance)
    return (level - (1 - level) * variance) / d * x - (variance / d).sqrt() * output


def to_output(clean: Tensor, noise: Tensor, level: Tensor | float, variance: Tensor) -> Tensor:
    """Return the network's target: F = (σ·clean/√v − (1 − σ)·√v·noise)/√D, in the shape of `clean`."""
    level = spread(level, clean)
    deviation = variance.sqrt()
    error = level / deviation * clean - (1 - level) * deviation * noise
    return error / power(level, variance).sqrt()


def power(level: Tensor, variance: Tensor) -> Tensor:
    """Return D = (1 − σ)²·v + σ², the variance of noisy latents; σ and v are of any shape and broadcast."""
    return (1 - level) ** 2 * variance + level**2


def spread(level: Tensor | float, like: Tensor) -> Tensor:
    """Reshape values (B,), or for more of the first axes of `like`, so that they broadcast with it."""
    level = torch.as_tensor(level, dtype=like.dtype, device=like.device)
    return level.reshape(*level.shape, *[1] * (like.ndim - level.ndim))
