"""How much memory a clip will take at its worst moment, how much there is, and what would fit."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path

import torch

from generators.happyhorse.config import HappyHorseConfig
from generators.happyhorse.transformer import MLP_CHUNK, HappyHorseTransformer

GIB = 2**30
_MEMINFO = Path("/proc/meminfo")


@dataclass(frozen=True)
class Footprint:
    """Bytes that a clip takes while one stage after the other holds memory."""

    text: int
    """The text encoder's weights."""
    denoising: int
    """The transformer's weights, and the largest of what a layer holds at once."""
    decoding: int
    """The decoder's widest layer over one window of frames."""

    @property
    def peak(self) -> int:
        return max(self.text, self.denoising, self.decoding)

    @property
    def worst(self) -> str:
        """The stage that takes most."""
        return max(vars(self), key=lambda stage: int(getattr(self, stage)))


def footprint(config: HappyHorseConfig, tokens: int, pixels: int, text_bytes: int = 0) -> Footprint:
    """An estimate, within about a fifth for bfloat16 weights and the turbo decoder.

    Args:
        config: The transformer's sizes.
        tokens: In one sequence.
        pixels: Of one frame.
        text_bytes: The text encoder's weights.
    """
    return Footprint(text_bytes, weight_bytes(config) + _layer_bytes(config, tokens), pixels * _DECODER_BYTES)


_DECODER_BYTES = 2 * 64 // 4 * 4 * 36
"""For each pixel: 64 channels in bfloat16 at half the size, four copies, of 36 frames."""


@functools.cache
def weight_bytes(config: HappyHorseConfig) -> int:
    """Of the transformer as it is loaded: bfloat16 in the large products, float32 elsewhere."""
    with torch.device("meta"):
        network = HappyHorseTransformer(config, torch.bfloat16)
    return sum(value.numel() * value.element_size() for value in network.state_dict().values())


def _layer_bytes(config: HappyHorseConfig, tokens: int) -> int:
    heads = config.hidden_size + 2 * config.num_query_groups * config.head_dim + config.num_heads
    stream = 3 * 4 * config.hidden_size  # before, after, and normalised
    attention = 3 * 4 * heads  # float32 and bfloat16 before rotation, and the same after it
    up = max(config.mlp_width(n) for n in range(config.num_layers)) * 2
    return tokens * (stream + attention) + min(tokens, MLP_CHUNK) * up * 8


def free_bytes(device: torch.device) -> int | None:
    """Memory that can be taken on a device; None where it can't be known."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    if device.type == "cpu" and _MEMINFO.exists():
        lines = dict(line.split(":", 1) for line in _MEMINFO.read_text().splitlines())
        return int(lines["MemAvailable"].split()[0]) * 1024
    return None
