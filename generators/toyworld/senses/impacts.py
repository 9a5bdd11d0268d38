"""When a blob hits a wall, to a fraction of a frame."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from generators.toyworld.senses.seeing import Blob, Floats

_REACH = 3
"""Frames on each side of a turn whose positions are fitted with a line."""
_NEAR_WALL = 0.07


class Turn(NamedTuple):
    """A blob turns round at a wall, at `speed` along its normal, in boxes a second."""

    time_s: float
    speed: float


def find_impacts(blob: Blob, times_s: Floats, slowest: float) -> list[float]:
    """Times at which a blob turns round at a wall, faster than `slowest` along its normal."""
    return [turn.time_s for turn in find_turns(blob, times_s, slowest)]


def find_turns(blob: Blob, times_s: Floats, slowest: float) -> list[Turn]:
    """The same with their speeds, in order of time."""
    impacts: list[Turn] = []
    for axis in (0, 1):
        for toward, gap in ((-1, blob.low[:, axis]), (1, 1 - blob.high[:, axis])):
            impacts += _turns(times_s, toward * blob.centre[:, axis], gap, slowest)
    return sorted(impacts)


def _turns(times_s: Floats, position: Floats, gap: Floats, slowest: float) -> Iterator[Turn]:
    """Where position rises and then falls next to a wall, from two lines that intersect."""
    visible = np.flatnonzero(~np.isnan(position))
    t, at, gap = times_s[visible], position[visible], gap[visible]
    for k in range(2, len(t) - 2):
        if gap[k] > _NEAR_WALL or not (at[k - 1] <= at[k] > at[k + 1]):
            continue
        before, after = slice(max(k - _REACH, 0), k), slice(k + 1, k + 1 + _REACH)
        (rise, start), (fall, end) = np.polyfit(t[before], at[before], 1), np.polyfit(t[after], at[after], 1)
        if rise >= slowest and fall < 0:
            turn = float((end - start) / (rise - fall))
            if t[k - 1] <= turn <= t[k + 1]:
                yield Turn(turn, float(rise))
