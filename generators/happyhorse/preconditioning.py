"""A skip to the best linear estimate, applied outside the network, for networks that are trained with it.

Latents have unit variance. Then the best linear estimate of the clean ones from x = (1 − σ)·clean + σ·noise
is Wiener's, (1 − σ)/D·x with D = (1 − σ)² + σ², and its error has the variance σ²/D. The network's output F
is that error in units of its deviation: clean = (1 − σ)/D·x + σ/√D·F. As velocity = (x − clean)/σ,

    velocity = ((2σ − 1)·x/√D − F)/√D     and F should be     (σ·clean − (1 − σ)·noise)/√D,

which has unit variance at every σ and is uncorrelated with x. The network needs no σ: only loss and samplers
know it (after the preconditioning of Karras et al., arXiv 2206.00364, which also tells the network).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

Network = Callable[[Tensor, Tensor | None], tuple[Tensor, Tensor | None]]


@dataclass(frozen=True)
class Preconditioned:
    """A network that says what the Wiener estimate lacks."""

    network: Network
    """Video and audio to an output F for each; audio may be None."""

    def at(self, level: Tensor | float) -> Network:
        """Its velocity, for latents that are as noisy as `level` says, one for all or each (B,)."""

        def velocity(video: Tensor, audio: Tensor | None) -> tuple[Tensor, Tensor | None]:
            seen, heard = self.network(video, audio)
            if audio is None or heard is None:
                return to_velocity(seen, video, level), None
            return to_velocity(seen, video, level), to_velocity(heard, audio, level)

        return velocity


def to_velocity(output: Tensor, x: Tensor, level: Tensor | float) -> Tensor:
    """The velocity that the network's output stands for.

    Args:
        output: F, in the shape of `x`.
        x: The noisy latents (B, …).
        level: σ, one for all or one for each sample (B,).
    """
    level = spread(level, x)
    deviation = power(level).sqrt()
    return ((2 * level - 1) * x / deviation - output) / deviation


def to_output(clean: Tensor, noise: Tensor, level: Tensor | float) -> Tensor:
    """What the network should say: F, in the shape of `clean`."""
    level = spread(level, clean)
    return (level * clean - (1 - level) * noise) / power(level).sqrt()


def power(level: Tensor) -> Tensor:
    """D: the variance of latents as noisy as that."""
    return (1 - level) ** 2 + level**2


def spread(level: Tensor | float, like: Tensor) -> Tensor:
    """One value for each sample, in a shape that multiplies `like` (B, …)."""
    level = torch.as_tensor(level, dtype=like.dtype, device=like.device)
    return level.reshape(-1, *[1] * (like.ndim - 1))
