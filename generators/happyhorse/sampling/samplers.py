"""From noise to clean latents: the samplers of the distilled and of the base checkpoint.

    noise_levels(steps)                          the σ of each step, then 0
    Noise(*seeds, device).draw(video, audio)     start noise, and fresh noise of the same shapes at any time
    sample_distilled(velocity, start, noise)     few steps that re-noise, one look each
    sample_base(conditional, negative, start)    UniPC with guidance, two looks a step

The network is a function of latents (`Velocity`) with its text, coordinates and window bound; one that was
trained with a skip is `Preconditioned`, and told σ by the samplers. σ is the share
of noise: x = (1 − σ)·clean + σ·noise. The velocity is noise − clean, so that clean ≈ x − σ·velocity.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor

from generators.happyhorse.network.facts import FIRST_LEVEL, SHIFT
from generators.happyhorse.network.kinds import KINDS, PUBLISHED, Guidance
from generators.happyhorse.sampling.latents import UNCONDITIONED, Conditioning, Latents, Noise
from generators.happyhorse.sampling.preconditioning import Preconditioned
from generators.happyhorse.sampling.unipc import UniPC

Velocity = Callable[[Tensor, Tensor | None], tuple[Tensor, Tensor | None]]
"""Video (B, C, T, H, W) and audio (B, A, channels), or None where it is left out, to their velocities."""
OnStep = Callable[[int, int], None]
"""Is told after each step how many are done, of how many."""


def noise_levels(steps: int) -> list[float]:
    """σ before each step, and 0 after the last: even steps from 0.999, shifted towards noise.

    The grids of 4 and 2 steps are every second and every fourth value of the grid of 8.
    """
    if steps < 1:
        raise ValueError(f"A sampler takes one step or more; got {steps}.")
    even = [FIRST_LEVEL * (1 - k / steps) for k in range(steps)]
    return [SHIFT * s / (1 + (SHIFT - 1) * s) for s in even] + [0.0]


def sample_distilled(
    velocity: Velocity | Preconditioned,
    start: Latents,
    noise: Noise,
    *,
    steps: int = KINDS["distilled"].steps,
    conditioning: Conditioning = UNCONDITIONED,
    on_step: OnStep | None = None,
) -> Latents:
    """Estimates the clean latents and noises them anew, with less and less noise.

    Args:
        velocity: The distilled network.
        start: Noise, which `noise.draw` gives.
        noise: Where each step's fresh noise comes from.
        steps: 8 as distilled; 4 and 2 run on a subset of the same levels.
        conditioning: What is given and kept.
        on_step: Is told of each step.
    """
    x = conditioning.put_into(start)
    for k, (now, then) in enumerate(pairwise(noise_levels(steps)), start=1):
        clean = _mix(1, x, -now, predict_velocity(velocity, x, now))
        x = conditioning.put_into(_mix(1 - then, clean, then, noise.like(x)))
        if on_step:
            on_step(k, steps)
    return x


def sample_base(
    conditional: Velocity | Preconditioned,
    negative: Velocity | Preconditioned,
    start: Latents,
    *,
    steps: int = KINDS["base"].steps,
    conditioning: Conditioning = UNCONDITIONED,
    guidance: Guidance = PUBLISHED,
    on_step: OnStep | None = None,
) -> Latents:
    """UniPC for video and audio, guided away from the negative prompt.

    Args:
        conditional: The base network with the prompt.
        negative: The same with the negative prompt.
        start: Noise, which `noise.draw` gives.
        steps: 32 as published.
        conditioning: What is given and kept.
        guidance: How far to push.
        on_step: Is told of each step.
    """

    def guided(x: Latents, level: float) -> Latents:
        scale = guidance.video if math.floor(1000 * level) > 500 else guidance.late_video
        with_prompt, without = predict_velocity(conditional, x, level), predict_velocity(negative, x, level)
        video = torch.lerp(without.video, with_prompt.video, scale)
        if with_prompt.audio is None or without.audio is None:
            return Latents(video, None)
        return Latents(video, torch.lerp(without.audio, with_prompt.audio, guidance.audio))

    return solve(guided, start, steps=steps, conditioning=conditioning, on_step=on_step)


def solve(
    velocity: Callable[[Latents, float], Latents],
    start: Latents,
    *,
    steps: int,
    conditioning: Conditioning,
    on_step: OnStep | None = None,
) -> Latents:
    """Follows the velocity, which may depend on σ, from noise to clean latents by UniPC."""
    levels = noise_levels(steps)
    video, audio = UniPC(levels), UniPC(levels)
    x = conditioning.put_into(start)
    for k, level in enumerate(levels[:-1]):
        v = velocity(x, level)
        sound = None if x.audio is None or v.audio is None else audio.step(k, x.audio, v.audio)
        x = conditioning.put_into(Latents(video.step(k, x.video, v.video), sound))
        if on_step:
            on_step(k + 1, steps)
    return x


def predict_velocity(velocity: Velocity | Preconditioned, x: Latents, level: Tensor | float) -> Latents:
    """The velocity of latents that are as noisy as `level` says."""
    told = velocity.at(level) if isinstance(velocity, Preconditioned) else velocity
    return Latents(*told(*x))


def _mix(a: float, x: Latents, b: float, y: Latents) -> Latents:
    """a·x + b·y."""
    audio = None if x.audio is None or y.audio is None else a * x.audio + b * y.audio
    return Latents(a * x.video + b * y.video, audio)
