"""Find when an object hits a wall, to a fraction of a frame."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from generators.toyworld.senses.seeing import Blob, Floats

_REACH = 3
"""Frames on each side of a turn to whose positions a line is fitted."""
_NEAR_WALL = 0.07


class Turn(NamedTuple):
    """A visible impact of a blob on a wall. `speed` is along the wall's normal, in boxes a second."""

    time_s: float
    speed: float


def find_turns(blob: Blob, times_s: Floats, slowest: float) -> list[Turn]:
    """Find where a blob turns round at a wall.

    Args:
        blob: Positions (time, 2).
        times_s: Time of each frame, (time,).
        slowest: Least speed along the wall's normal, in boxes a second.

    Returns:
        Turns in order of time.
    """
    turns: list[Turn] = []
    for axis in (0, 1):
        centre = blob.centre[:, axis]
        turns += _turns(times_s, -centre, blob.low[:, axis], slowest)
        turns += _turns(times_s, centre, 1 - blob.high[:, axis], slowest)
    return sorted(turns)


def _turns(times_s: Floats, position: Floats, gap: Floats, slowest: float) -> Iterator[Turn]:
    """Find where a position rises and then falls next to a wall, from two lines that intersect.

    Args:
        times_s: Time of each frame, (time,).
        position: Position towards the wall, (time,); NaN where the blob is partly hidden.
        gap: Distance of the blob's edge from the wall, (time,).
        slowest: Least slope of the rise.
    """
    visible = np.flatnonzero(~np.isnan(position))
    t, at, gap = times_s[visible], position[visible], gap[visible]
    for k in range(2, len(t) - 2):
        is_peak = at[k - 1] <= at[k] > at[k + 1]
        if gap[k] > _NEAR_WALL or not is_peak:
            continue
        before = slice(max(k - _REACH, 0), k)
        after = slice(k + 1, k + 1 + _REACH)
        # Lines start + rise·t and end + fall·t intersect at t = (end − start) / (rise − fall).
        rise, start = np.polyfit(t[before], at[before], 1)
        fall, end = np.polyfit(t[after], at[after], 1)
        if rise >= slowest and fall < 0:
            turn_s = float((end - start) / (rise - fall))
            if t[k - 1] <= turn_s <= t[k + 1]:
                yield Turn(turn_s, float(rise))
