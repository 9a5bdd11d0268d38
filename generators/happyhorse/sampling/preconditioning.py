"""A skip to the best linear estimate, applied outside the network, for networks that are trained with it.

The best linear estimate of clean latents of variance v from x = (1 − σ)·clean + σ·noise is Wiener's,
(1 − σ)·v/D·x with D = (1 − σ)²·v + σ², and its error has the variance σ²·v/D. The network's output F is that
error in units of its deviation: clean = (1 − σ)·v/D·x + σ·√(v/D)·F. As velocity = (x − clean)/σ,

    velocity = (σ − (1 − σ)·v)/D·x − √(v/D)·F     and F should be     (σ·clean/√v − (1 − σ)·√v·noise)/√D,

which has unit variance at every σ and is uncorrelated with x. The network needs no σ: only loss and samplers
know it (after the preconditioning of Karras et al., arXiv 2206.00364, which also tells the network, and has
one variance for all channels).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

Network = Callable[[Tensor, Tensor | None], tuple[Tensor, Tensor | None]]


class Variances(NamedTuple):
    """Of clean latents, by channel; each in a shape that multiplies a batch."""

    video: Tensor
    """(C, 1, 1, 1)"""
    audio: Tensor
    """(channels,)"""


@dataclass(frozen=True)
class Preconditioned:
    """A network that says what the Wiener estimate lacks."""

    network: Network
    """Video and audio to an output F for each; audio may be None."""
    variances: Variances

    def at(self, level: Tensor | float) -> Network:
        """Its velocity, for latents that are as noisy as `level` says, one for all or each (B,)."""

        def velocity(video: Tensor, audio: Tensor | None) -> tuple[Tensor, Tensor | None]:
            seen, heard = self.network(video, audio)
            pictures = to_velocity(seen, video, level, self.variances.video)
            if audio is None or heard is None:
                return pictures, None
            return pictures, to_velocity(heard, audio, level, self.variances.audio)

        return velocity


def to_velocity(output: Tensor, x: Tensor, level: Tensor | float, variance: Tensor) -> Tensor:
    """The velocity that the network's output stands for.

    Args:
        output: F, in the shape of `x`.
        x: The noisy latents (B, …).
        level: σ, one for all, one for each sample (B,), or with more axes of `x`.
        variance: Of the clean latents, in a shape that multiplies them.
    """
    level = spread(level, x)
    whole = power(level, variance)
    return (level - (1 - level) * variance) / whole * x - (variance / whole).sqrt() * output


def to_output(clean: Tensor, noise: Tensor, level: Tensor | float, variance: Tensor) -> Tensor:
    """What the network should say: F, in the shape of `clean`."""
    level, deviation = spread(level, clean), variance.sqrt()
    return (level / deviation * clean - (1 - level) * deviation * noise) / power(level, variance).sqrt()


def power(level: Tensor, variance: Tensor) -> Tensor:
    """D: the variance of latents as noisy as that; both in shapes that multiply."""
    return (1 - level) ** 2 * variance + level**2


def spread(level: Tensor | float, like: Tensor) -> Tensor:
    """Values for the first axes of `like` (B, …), in a shape that multiplies it."""
    level = torch.as_tensor(level, dtype=like.dtype, device=like.device)
    return level.reshape(*level.shape, *[1] * (like.ndim - level.ndim))
