"""Weights and inputs for tests of codecs that anyone can compute again, and the public files' names."""

from __future__ import annotations

import math
import wave
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import pixel_shuffle, pixel_unshuffle


def hashed(index: int, *shape: int) -> Tensor:
    """Return fp32 numbers spread over ±½, from a hash of each element's place and the tensor's index."""
    place = np.arange(math.prod(shape), dtype=np.uint32)
    mixed = place * np.uint32(0x9E3779B1) + np.uint32((index * 0x85EBCA77 + 1) & 0xFFFFFFFF)
    for shift, factor in ((15, 0x2C1B3C6D), (12, 0x297A2D39)):
        mixed ^= mixed >> np.uint32(shift)
        mixed *= np.uint32(factor)
    mixed ^= mixed >> np.uint32(15)
    return torch.from_numpy((mixed / 2**32 - 0.5).astype(np.float32)).reshape(shape)


def hashed_input(index: int, *shape: int) -> Tensor:
    """Return hashed numbers of unit variance."""
    return hashed(index, *shape) * math.sqrt(12)


def hashed_weights(shapes: Mapping[str, torch.Size]) -> dict[str, Tensor]:
    """Return a tensor for each name; the name's rank among them is the hash's index."""
    return {name: _hashed_weight(name, rank, shapes[name]) for rank, name in enumerate(sorted(shapes))}


def _hashed_weight(name: str, rank: int, shape: torch.Size) -> Tensor:
    spread = hashed(rank, *shape)
    if name.endswith("gamma"):
        return 1 + 0.2 * spread
    if name.endswith("weight_g"):
        return 0.3 * (1 + 0.2 * spread)
    return 0.2 * spread if len(shape) == 1 else spread * math.sqrt(12 / math.prod(shape[1:]))


def wan_names() -> Iterator[str]:
    """Yield the 196 names in Wan2.2_VAE.pth."""
    yield from _both("conv1", "conv2", "encoder.conv1", "decoder.conv1")
    for side in ("encoder", "decoder"):
        yield from (f"{side}.head.0.gamma", f"{side}.middle.1.norm.gamma")
        yield from _both(f"{side}.head.2", f"{side}.middle.1.to_qkv", f"{side}.middle.1.proj")
        yield from (name for block in (0, 2) for name in _wan_block(f"{side}.middle.{block}"))
    for stage in range(4):
        down, up = (f"{side}samples.{stage}.{side}samples" for side in ("down", "up"))
        yield from (name for block in range(2) for name in _wan_block(f"encoder.{down}.{block}"))
        yield from (name for block in range(3) for name in _wan_block(f"decoder.{up}.{block}"))
        if stage < 3:
            yield from _both(f"encoder.{down}.2.resample.1", f"decoder.{up}.3.resample.1")
        if stage in (1, 2):
            yield from _both(f"encoder.{down}.2.time_conv", f"encoder.{down}.0.shortcut")
        if stage in (0, 1):
            yield from _both(f"decoder.{up}.3.time_conv")
        if stage in (2, 3):
            yield from _both(f"decoder.{up}.0.shortcut")


def _wan_block(prefix: str) -> Iterator[str]:
    yield from (f"{prefix}.residual.0.gamma", f"{prefix}.residual.3.gamma")
    yield from _both(f"{prefix}.residual.2", f"{prefix}.residual.6")


def _both(*prefixes: str) -> Iterator[str]:
    yield from (f"{prefix}.{kind}" for prefix in prefixes for kind in ("weight", "bias"))


def oobleck_names() -> Iterator[str]:
    """Yield the 365 names of the autoencoder in Stable Audio Open's file, less their prefix."""
    for side, units, activation, conv in (("encoder", (0, 1, 2), 3, 4), ("decoder", (2, 3, 4), 0, 1)):
        yield from _convolution(f"{side}.layers.0")
        for block in (f"{side}.layers.{index}.layers" for index in range(1, 6)):
            yield from (*_activation(f"{block}.{activation}"), *_convolution(f"{block}.{conv}"))
            for unit in (f"{block}.{index}.layers" for index in units):
                yield from (*_activation(f"{unit}.0"), *_convolution(f"{unit}.1"))
                yield from (*_activation(f"{unit}.2"), *_convolution(f"{unit}.3"))
        yield from _activation(f"{side}.layers.6")
        last = _convolution(f"{side}.layers.7")
        yield from (name for name in last if side == "encoder" or not name.endswith("bias"))


def _convolution(prefix: str) -> Iterator[str]:
    yield from (f"{prefix}.{kind}" for kind in ("weight_v", "weight_g", "bias"))


def _activation(prefix: str) -> Iterator[str]:
    yield from (f"{prefix}.alpha", f"{prefix}.beta")


class PixelCodec:
    """A `VideoCodec` without loss: 4×4 pixels become 48 channels, and every fourth frame is kept."""

    latent_channels = 48
    temporal_stride = 4
    spatial_stride = 4

    def encode(self, frames: Tensor) -> Tensor:
        return pixel_unshuffle(frames[:, :, ::4].transpose(1, 2), 4).transpose(1, 2)

    def decode(self, latents: Tensor) -> Tensor:
        frames = pixel_shuffle(latents.transpose(1, 2), 4).transpose(1, 2)
        return frames.repeat_interleave(4, dim=2)[:, :, 3:]


def write_tone(path: Path, rate: int, channels: int, seconds: float = 0.5) -> None:
    """Write a WAV file of a tone of 440 Hz."""
    tone = (8000 * np.sin(2 * np.pi * 440 * np.arange(round(rate * seconds)) / rate)).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setparams((channels, 2, rate, 0, "NONE", ""))
        file.writeframes(np.repeat(tone, channels).tobytes())


def one_thread() -> Iterator[None]:
    """Use one thread: networks as small as these spend most of their time on waking threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
