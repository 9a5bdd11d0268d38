"""Times the transformer's sampling with random weights, beside the least time that its FLOPs take."""

from __future__ import annotations

import time
from dataclasses import dataclass

import torch

from generators.happyhorse.network import flops
from generators.happyhorse.network.config import size
from generators.happyhorse.network.kinds import kind
from generators.happyhorse.network.tokens import layout_for
from generators.happyhorse.network.transformer import HappyHorseTransformer
from generators.happyhorse.sampling.latents import Noise
from generators.happyhorse.sampling.samplers import sample_distilled
from generators.happyhorse.sampling.super_resolution import sample_super_resolution

TEXT = 400
SECONDS = 5.0
_BASE = (16, 28)
"""Height and width of the latents at 256p."""
PEAK = 790e12
"""FLOP/s of an H200 in bfloat16, as measured."""
STAGES: dict[str, tuple[str, int, int]] = {
    "256p, 8 steps": ("distilled", 448, 256),
    "540p super-resolution, 5 steps": ("540p", 896, 512),
    "1080p super-resolution, 5 steps": ("1080p", 1920, 1088),
}
"""Kind of checkpoint, and its clips' width and height."""


@dataclass(frozen=True)
class Timing:
    """One stage's time."""

    stage: str
    compiled: bool
    seconds: float
    floor_s: float
    """FLOPs over the peak."""


def time_stage(model: str, device: str, stage: str, compiled: bool) -> Timing:
    """Times a stage after one warm-up of it.

    Args:
        model: The network's size, by name.
        device: Where it runs.
        stage: One of `STAGES`.
        compiled: Whether by `torch.compile`.
    """
    name, width, height = STAGES[stage]
    how, config = kind(name), kind(name).configure(size(model))
    layout = layout_for(SECONDS, width, height, TEXT)
    with torch.device(device):
        network = HappyHorseTransformer(config, torch.bfloat16).eval().requires_grad_(False)
        text = torch.randn(1, TEXT, config.text_in_channels)
    if compiled:
        network.compile()
    velocity, noise = how.velocity(network, text), Noise(0, device=device)
    latents = (config.latent_channels, layout.frames, *_BASE), (layout.audio, config.audio_in_channels)

    def once() -> None:
        start = noise.draw(*latents)
        if how.sampler == "distilled":
            sample_distilled(velocity, start, noise, steps=how.steps)
        else:
            sample_super_resolution(velocity, start, (height // 16, width // 16), noise, steps=how.steps)
        if device.startswith("cuda"):
            torch.cuda.synchronize()

    with torch.inference_mode():
        once()
        started = time.perf_counter()
        once()
    floor_s = how.steps * flops.forward(config, layout, how.window) / PEAK
    return Timing(stage, compiled, time.perf_counter() - started, floor_s)
