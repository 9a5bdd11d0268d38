"""Networks and inputs for HappyHorse's tests, the deterministic ones as in its specification, 11.1."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from generators.happyhorse.config import SIZES, HappyHorseConfig
from generators.happyhorse.transformer import HappyHorseTransformer

FIXTURES = Path(__file__).parent / "generators/happyhorse/fixtures"
"""Inputs, weights and outputs recorded from the public code."""
TINY = SIZES["tiny"]


def hashed(count: int, index: int) -> np.ndarray:
    """Numbers in ±½ that look random: 32-bit integer arithmetic on position and tensor index."""
    low = np.uint64(0xFFFFFFFF)
    h = np.arange(count, dtype=np.uint64) * np.uint64(0x9E3779B1)
    h = (h + np.uint64(index * 0x85EBCA77 + 1 & 0xFFFFFFFF)) & low
    for shift, factor in ((15, 0x2C1B3C6D), (12, 0x297A2D39)):
        h = (h ^ h >> np.uint64(shift)) * np.uint64(factor) & low
    return (h ^ h >> np.uint64(15)) / 2**32 - 0.5


def fill(module: nn.Module) -> None:
    """Gives a module its deterministic weights, by the rank of each key; rotary bands keep theirs."""
    for rank, (key, tensor) in enumerate(sorted(module.state_dict().items())):
        if key.endswith("rope.bands"):
            continue
        scale = 0.2 if tensor.ndim == 1 else math.sqrt(12 / math.prod(tensor.shape[1:]))
        values = torch.from_numpy(hashed(tensor.numel(), rank) * scale)
        tensor.copy_(values.reshape(tensor.shape))


def hashed_input(shape: tuple[int, ...], index: int) -> Tensor:
    values = torch.from_numpy(hashed(math.prod(shape), index) * math.sqrt(12))
    return values.float().reshape(shape)


def tiny_transformer(
    config: HappyHorseConfig = TINY, dtype: torch.dtype = torch.float32
) -> HappyHorseTransformer:
    """A network with deterministic weights."""
    model = HappyHorseTransformer(config, dtype).requires_grad_(False)
    fill(model)
    return model


def tiny_inputs(batch: int = 1, text: int = 5) -> tuple[Tensor, Tensor, Tensor]:
    """Video (B, 48, 3, 4, 6), audio (B, 9, 64) and text (B, L, 32)."""
    return (
        hashed_input((batch, 48, 3, 4, 6), 1000),
        hashed_input((batch, 9, 64), 1001),
        hashed_input((batch, text, TINY.text_in_channels), 1002),
    )
