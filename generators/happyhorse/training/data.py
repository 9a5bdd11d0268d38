"""The toy world's examples as tensors, which codecs and training take."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from generators.toyworld.world.batch import draw_batch, sound_batch
from generators.toyworld.world.examples import DURATION_S, FPS, FRAMES, SAMPLE_RATE, SIDE, Example


def to_tensors(examples: list[Example], device: str = "cpu") -> tuple[Tensor, Tensor]:
    """Pixels (batch, 3, FRAMES, SIDE, SIDE) in [−1, 1], samples (batch, 2, SAMPLES), both on the device."""
    if device == "cpu":  # where drawing only around each object is three times as fast as drawing all at once
        frames = torch.from_numpy(np.stack([item.frames for item in examples]))
        samples = torch.from_numpy(np.stack([item.samples for item in examples]))
    else:
        happenings = [(item.scene, item.flights) for item in examples]
        frames = draw_batch(happenings, FRAMES, FPS, SIDE, device)
        samples = sound_batch(happenings, DURATION_S, SAMPLE_RATE, device)
    return as_pixels(frames), samples[:, None].expand(-1, 2, -1)


def as_pixels(frames: Tensor) -> Tensor:
    """Bytes (batch, time, height, width, 3) as codecs take them: (batch, 3, time, …) in [−1, 1]."""
    return frames.movedim(-1, 1).float() / 127.5 - 1


def as_bytes(pixels: Tensor) -> NDArray[np.uint8]:
    """The inverse of `as_pixels`."""
    frames = ((pixels + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)
    return frames.movedim(1, -1).contiguous().cpu().numpy()
