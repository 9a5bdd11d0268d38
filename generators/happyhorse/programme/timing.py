"""Time a network with random weights at each resolution, against the least time for its FLOPs."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from generators.happyhorse.execution.fast import quicken
from generators.happyhorse.execution.options import Way
from generators.happyhorse.execution.peaks import measured_peak
from generators.happyhorse.network import flops
from generators.happyhorse.network.config import HappyHorseConfig, size
from generators.happyhorse.network.facts import (
    PATCH,
    RESOLUTIONS,
    SPATIAL_STRIDE,
    USUAL_TEXT_TOKENS,
    Precision,
)
from generators.happyhorse.network.kinds import CheckpointKind, kind, usual_resolution
from generators.happyhorse.network.pointwise import RMSNorm, Rotary
from generators.happyhorse.network.products import PackedLinear
from generators.happyhorse.network.quantised import Codes, quantise
from generators.happyhorse.network.tokens import Layout, layout_for
from generators.happyhorse.network.transformer import HappyHorseTransformer
from generators.happyhorse.programme.ceilings import settle
from generators.happyhorse.programme.stages import Workplace
from generators.happyhorse.sampling.latents import Noise
from generators.happyhorse.sampling.samplers import sample_distilled
from generators.happyhorse.sampling.super_resolution import sample_super_resolution

KINDS_TIMED = {"256p": "distilled", "540p": "540p", "1080p": "1080p"}
"""Kind of checkpoint by resolution."""


class Variant(NamedTuple):
    """A way to run the network."""

    name: str
    ways: tuple[Way, ...] = ()
    precision: Precision = "bf16"


EAGER = Variant("eager")
COMPILED = Variant("compiled", ("compiled", "flex", "fused", "grouped"))
FLOAT8 = Variant("fp8", ("compiled", "flex", "fused", "grouped"), "fp8")


def time_clip(
    place: Workplace, model: str, resolution: str, seconds: float, variant: Variant
) -> dict[str, Any]:
    """Time all steps of one resolution's sampling, after one that warms up.

    Args:
        place: Where to work.
        model: Name of the network's size.
        resolution: Name of the resolution.
        seconds: Duration of the clip.
        variant: Way to run the network.

    Returns:
        The time in seconds, the FLOPs of all steps, and the bytes that the steps took beside the weights.
    """
    device = torch.device(place.device)
    how, layout = kind(KINDS_TIMED[resolution]), layout_of(resolution, seconds)
    config = how.configure(size(model))
    network = random_network(model, how, device, variant.precision)
    quicken(network, variant.ways, device)
    text = torch.randn(1, layout.text, config.text_in_channels, device=device)
    run = _sampling(how, network, text, layout)
    run(1)
    settle(device)
    with measured_peak(device) as peak:
        started = time.perf_counter()
        run(how.steps)
        settle(device)
        taken = time.perf_counter() - started
    counted = how.steps * flops.forward(config, layout, how.window)
    return {"time_s": taken, "flops": counted, "peak_bytes": _with_weights(network, peak.size)}


def layout_of(resolution: str, seconds: float) -> Layout:
    """Return the tokens of a clip at a resolution, with text of the usual length."""
    width, height = usual_resolution(KINDS_TIMED[resolution])
    return layout_for(seconds, width, height, USUAL_TEXT_TOKENS)


def random_network(
    model: str, how: CheckpointKind, device: torch.device, precision: Precision
) -> HappyHorseTransformer:
    """Return a network of a size with random weights on a device, for inference."""
    config = how.configure(size(model))
    with torch.device("meta"):
        network = HappyHorseTransformer(config, torch.bfloat16)
    quantise(network, precision)
    network.to_empty(device=device)
    for module in network.modules():
        _fill(module, config)
    return network.eval().requires_grad_(False)


@torch.no_grad()
def _fill(module: nn.Module, config: HappyHorseConfig) -> None:
    """Give a module's own tensors random values, one after the other: the whole would not fit twice."""
    device = next(iter(module.state_dict().values())).device
    if isinstance(module, Codes):
        rows = module.experts * module.outputs
        drawn = torch.randn(rows, module.inputs, device=device) * module.inputs**-0.5
        module.load_state_dict(module.store(drawn), assign=True)
    elif isinstance(module, PackedLinear | nn.Linear):
        module.weight.normal_(std=module.weight.shape[1] ** -0.5)
        if isinstance(module, nn.Linear) and module.bias is not None:
            module.bias.zero_()
    elif isinstance(module, RMSNorm):
        module.weight.zero_()
    elif isinstance(module, Rotary):
        module.bands.copy_(Rotary(config.head_dim, config.rotary_base).bands)


def _with_weights(network: HappyHorseTransformer, peak: int | None) -> int | None:
    return None if peak is None else peak + sum(tensor.nbytes for tensor in network.state_dict().values())


def _sampling(
    how: CheckpointKind, network: HappyHorseTransformer, text: Tensor, layout: Layout
) -> Callable[[int], None]:
    """Return a function that samples one clip in some steps."""
    config, device = network.config, text.device
    velocity, noise = how.velocity(network, text), Noise(0, device=device)
    base = RESOLUTIONS["256p"]
    start_size = base.height // SPATIAL_STRIDE, base.width // SPATIAL_STRIDE
    final_size = layout.rows * PATCH, layout.columns * PATCH
    # Video (C, T, H, W) at 256p, and audio (A, channels).
    latents = (config.latent_channels, layout.frames, *start_size), (layout.audio, config.audio_in_channels)

    @torch.inference_mode()
    def run(steps: int) -> None:
        start = noise.draw(*latents)
        if how.sampler == "distilled":
            sample_distilled(velocity, start, noise, steps=steps)
        else:
            sample_super_resolution(velocity, start, final_size, noise, steps=steps)

    return run
