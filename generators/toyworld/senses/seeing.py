"""See which pixels differ from the background, and which frames are held."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_CONTRAST = 22
"""Least difference of a foreground pixel from the background, in levels of one channel."""
_CHANGE = 16
"""Largest difference between two frames that encoding noise makes, in levels of one channel."""


@dataclass(frozen=True)
class Blob:
    """One coloured object through time. Positions are in boxes, and NaN while it is partly hidden."""

    colour: str
    shape: str
    centre: Floats
    """x and y of the centre of mass, (time, 2)."""
    low: Floats
    """Left and top edge, (time, 2)."""
    high: Floats
    """Right and bottom edge, (time, 2)."""


def held_frames(frames: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return which frames look the same as the one before, (time,); the first never does."""
    held = np.zeros(len(frames), bool)
    for index in range(1, len(frames)):
        before, after = frames[index - 1], frames[index]
        # Unsigned differences wrap around, so the smaller of the two is the distance.
        apart = np.minimum(before - after, after - before)
        held[index] = np.count_nonzero(apart > _CHANGE) < 3
    return held


def foreground(
    frames: NDArray[np.uint8], background: Floats
) -> tuple[tuple[NDArray[np.intp], ...], NDArray[np.float32]]:
    """Return indices (time, row, column) and colours (pixel, 3) of pixels that differ from the background."""
    differs = np.zeros(frames.shape[:3], bool)
    for channel, level in enumerate(background.round().astype(int)):
        values = frames[..., channel]
        is_darker = values < max(level - _CONTRAST, 0)
        is_brighter = values > min(level + _CONTRAST, 255)
        differs |= is_darker | is_brighter
    where = np.nonzero(differs)
    return where, frames[where].astype(np.float32)
