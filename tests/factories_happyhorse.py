"""Networks and inputs for HappyHorse's tests, the deterministic ones as in its specification, 11.1."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from generators.happyhorse.network.config import SIZES, HappyHorseConfig
from generators.happyhorse.network.transformer import HappyHorseTransformer

FIXTURES = Path(__file__).parent / "generators/happyhorse/fixtures"
"""Inputs, weights and outputs recorded from the public code."""
TINY = SIZES["tiny"]


def hashed(count: int, index: int) -> np.ndarray:
    """Evenly spread over ±½, from a hash of each element's place and the tensor's index."""
    h = np.arange(count, dtype=np.uint32) * np.uint32(0x9E3779B1)
    h += np.uint32(index * 0x85EBCA77 + 1 & 0xFFFFFFFF)
    for shift, factor in ((15, 0x2C1B3C6D), (12, 0x297A2D39)):
        h = (h ^ h >> np.uint32(shift)) * np.uint32(factor)
    return (h ^ h >> np.uint32(15)) / 2**32 - 0.5


def hashed_transformer(
    config: HappyHorseConfig = TINY, dtype: torch.dtype = torch.float32
) -> HappyHorseTransformer:
    """Return a network with weights hashed from each key's rank, and true values in the rotary bands."""
    model = HappyHorseTransformer(config, dtype).requires_grad_(False)
    for rank, (key, tensor) in enumerate(sorted(model.state_dict().items())):
        scale = 0.2 if tensor.ndim == 1 else math.sqrt(12 / tensor.shape[1])
        if not key.endswith("rope.bands"):
            tensor.copy_(torch.from_numpy(hashed(tensor.numel(), rank) * scale).reshape(tensor.shape))
    return model


def hashed_input(index: int, *shape: int) -> Tensor:
    """Of unit variance."""
    return torch.from_numpy(hashed(math.prod(shape), index) * math.sqrt(12)).float().reshape(shape)


def hashed_inputs(
    batch: int = 1, text: int = 5, text_channels: int = TINY.text_in_channels
) -> tuple[Tensor, Tensor, Tensor]:
    """Video (B, 48, 3, 4, 6), audio (B, 9, 64) and text (B, L, channels)."""
    return (
        hashed_input(1000, batch, 48, 3, 4, 6),
        hashed_input(1001, batch, 9, 64),
        hashed_input(1002, batch, text, text_channels),
    )
