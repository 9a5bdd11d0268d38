"""Sample clean latents from noise by the distilled or the base checkpoint.

    noise_levels(steps)                          the σ of each step, then 0
    Noise(*seeds, device).draw(video, audio)     start noise, and fresh noise of the same shapes at any time
    sample_distilled(velocity, start, noise)     few steps that add fresh noise, one evaluation each
    sample_base(conditional, negative, start)    UniPC with classifier-free guidance, two evaluations a step

The network is a function of latents (`Velocity`) with its text, coordinates and window bound. A network that
was trained with a skip connection is `Preconditioned`, and the samplers pass it σ. σ is the share of noise:
x = (1 − σ)·clean + σ·noise. The velocity is noise − clean, so that clean ≈ x − σ·velocity.
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
"""Maps video (B, C, T, H, W) and audio (B, A, channels), or None if it is left out, to their velocities."""
OnStep = Callable[[int, int], None]
"""Called after each step with the number of steps done and the number of all steps."""


def noise_levels(steps: int) -> list[float]:
    """Return σ before each step, and 0 after the last: even steps from 0.999, shifted towards noise.

    The grids of 4 and 2 steps are every second and every fourth value of the grid of 8.

    Raises:
        ValueError: There are fewer than one step.
    """
    if steps < 1:
        raise ValueError(f"steps must be 1 or more; got {steps}.")
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
    """Estimate the clean latents and add fresh noise, less and less of it.

    Args:
        velocity: The distilled network.
        start: Noise from `noise.draw`.
        noise: Source of each step's fresh noise.
        steps: 8 as distilled; 4 and 2 run on a subset of the same levels.
        conditioning: Latents that are given.
        on_step: Called after each step.
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
    """Sample by UniPC with classifier-free guidance, away from the negative prompt.

    Args:
        conditional: The base network with the prompt.
        negative: The same with the negative prompt.
        start: Noise from `Noise.draw`.
        steps: 32 as published.
        conditioning: Latents that are given.
        guidance: Guidance scales of video and audio.
        on_step: Called after each step.
    """

    def guided(x: Latents, level: float) -> Latents:
        # velocity = negative + scale · (conditional − negative), with a scale of its own for late steps.
        scale = guidance.video if math.floor(1000 * level) > 500 else guidance.late_video
        with_prompt = predict_velocity(conditional, x, level)
        without = predict_velocity(negative, x, level)
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
    """Integrate the velocity, a function of latents and σ, from noise to clean latents by UniPC.

    Args:
        velocity: The network, guided or not.
        start: Noise.
        steps: Number of steps.
        conditioning: Latents that are given.
        on_step: Called after each step.
    """
    levels = noise_levels(steps)
    video, audio = UniPC(levels), UniPC(levels)
    x = conditioning.put_into(start)
    for k, level in enumerate(levels[:-1]):
        v = velocity(x, level)
        next_video = video.step(k, x.video, v.video)
        next_audio = None if x.audio is None or v.audio is None else audio.step(k, x.audio, v.audio)
        x = conditioning.put_into(Latents(next_video, next_audio))
        if on_step:
            on_step(k + 1, steps)
    return x


def predict_velocity(velocity: Velocity | Preconditioned, x: Latents, level: Tensor | float) -> Latents:
    """Return the network's velocity of latents at noise level σ, one for all or one each (B,)."""
    predict = velocity.at(level) if isinstance(velocity, Preconditioned) else velocity
    return Latents(*predict(*x))


def _mix(a: float, x: Latents, b: float, y: Latents) -> Latents:
    """Return a·x + b·y."""
    audio = None if x.audio is None or y.audio is None else a * x.audio + b * y.audio
    return Latents(a * x.video + b * y.video, audio)
