"""Time the transformer's sampling with random weights, and compare it with the least time for its FLOPs."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from generators.happyhorse.network import flops
from generators.happyhorse.network.config import size
from generators.happyhorse.network.facts import (
    FLOPS_PER_S,
    PATCH,
    RESOLUTIONS,
    SPATIAL_STRIDE,
    USUAL_TEXT_TOKENS,
)
from generators.happyhorse.network.kinds import CheckpointKind, kind, usual_resolution
from generators.happyhorse.network.tokens import Layout, layout_for
from generators.happyhorse.network.transformer import HappyHorseTransformer
from generators.happyhorse.sampling.latents import Noise
from generators.happyhorse.sampling.samplers import sample_distilled
from generators.happyhorse.sampling.super_resolution import sample_super_resolution

SECONDS = 5.0
STAGES = {
    "256p, 8 steps": "distilled",
    "540p super-resolution, 5 steps": "540p",
    "1080p super-resolution, 5 steps": "1080p",
}
"""Kind of checkpoint by stage."""


@dataclass(frozen=True)
class Timing:
    """Time of one stage."""

    stage: str
    compiled: bool
    seconds: float
    floor_s: float
    """Least time in seconds: FLOPs over an H200's sustained FLOP/s."""


def time_stage(model: str, device: str, stage: str, compiled: bool) -> Timing:
    """Time a stage of a 5 s clip, after one warm-up; its least time = FLOPs / sustained FLOP/s.

    Args:
        model: Name of the network's size.
        device: Device to run on.
        stage: One of `STAGES`.
        compiled: Whether to compile the network by `torch.compile`.
    """
    how, config = kind(STAGES[stage]), kind(STAGES[stage]).configure(size(model))
    width, height = usual_resolution(how.name)
    layout = layout_for(SECONDS, width, height, USUAL_TEXT_TOKENS)
    with torch.device(device):
        network = HappyHorseTransformer(config, torch.bfloat16).eval().requires_grad_(False)
        text = torch.randn(1, USUAL_TEXT_TOKENS, config.text_in_channels)
    if compiled:
        network.compile()
    once = _sampling(how, network, text, layout)
    once()
    started = time.perf_counter()
    once()
    seconds = time.perf_counter() - started
    floor_s = how.steps * flops.forward(config, layout, how.window) / FLOPS_PER_S
    return Timing(stage, compiled, seconds, floor_s)


def _sampling(
    how: CheckpointKind, network: HappyHorseTransformer, text: Tensor, layout: Layout
) -> Callable[[], None]:
    """Return a function that samples one clip and waits for the device."""
    config, device = network.config, text.device
    velocity, noise = how.velocity(network, text), Noise(0, device=device)
    base = RESOLUTIONS["256p"]
    start_size = base.height // SPATIAL_STRIDE, base.width // SPATIAL_STRIDE
    final_size = layout.rows * PATCH, layout.columns * PATCH
    # Video (C, T, H, W) at 256p, and audio (A, channels).
    latents = (config.latent_channels, layout.frames, *start_size), (layout.audio, config.audio_in_channels)

    @torch.inference_mode()
    def once() -> None:
        start = noise.draw(*latents)
        if how.sampler == "distilled":
            sample_distilled(velocity, start, noise, steps=how.steps)
        else:
            sample_super_resolution(velocity, start, final_size, noise, steps=how.steps)
        if device.type == "cuda":
            torch.cuda.synchronize()

    return once
