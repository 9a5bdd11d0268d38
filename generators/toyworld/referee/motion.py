"""Name how an object moves, in the caption's words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from generators.toyworld.senses.impacts import Turn
from generators.toyworld.senses.seeing import Floats
from generators.toyworld.senses.tracing import ObjectTrack
from generators.toyworld.world.physics import GRAVITY, HEADING, SPEED

_FAST = math.sqrt(SPEED["slowly"] * SPEED["quickly"])
_HEAVY = GRAVITY["bouncing"] / 2
_FEWEST = 4
"""Frames with a known position that a parabola needs."""


@dataclass(frozen=True)
class Move:
    """Direction, speed and motion of one object, as words of the grammar; "none" if it is hardly seen."""

    direction: str
    speed: str
    motion: str

    @classmethod
    def of(cls, track: ObjectTrack, turns: Sequence[Turn], times_s: Floats) -> Move:
        """Measure a track.

        Args:
            track: Centres (time, 2).
            turns: The track's visible impacts, in order of time.
            times_s: Time of each frame, (time,).
        """
        known = np.flatnonzero(track.whole)
        if len(known) < _FEWEST:
            return cls("none", "none", "none")
        t, at = times_s[known], track.centre[known]
        pull = _pull(t, at[:, 1], [turn.time_s for turn in turns])
        motion = "bouncing" if pull > _HEAVY else "gliding"
        vx, vy = _start_velocity(t, at, turns, GRAVITY[motion])
        speed = "quickly" if math.hypot(vx, vy) > _FAST else "slowly"
        return cls(_name_direction(vx, vy), speed, motion)


def _name_direction(vx: float, vy: float) -> str:
    """Return the word whose heading is nearest."""
    degrees = math.degrees(math.atan2(vy, vx))
    return min(HEADING, key=lambda name: abs((degrees - HEADING[name] + 180) % 360 - 180))


def _pull(t: Floats, height: Floats, turns_s: list[float]) -> float:
    """Return the downward acceleration in boxes/s²: the mean of parabolas between turns.

    A parabola over n frames has the weight n⁵, the inverse variance of its curvature.
    """
    edges = [-math.inf, *turns_s, math.inf]
    pulls = [0.0]
    weights = [1e-9]
    for start, end in pairwise(edges):
        inside = (t > start) & (t < end)
        count = int(inside.sum())
        if count >= _FEWEST:
            curvature = float(np.polyfit(t[inside], height[inside], 2)[0])
            pulls.append(2 * curvature)
            weights.append(float(count) ** 5)
    return float(np.average(pulls, weights=weights))


def _start_velocity(t: Floats, at: Floats, turns: Sequence[Turn], gravity: float) -> tuple[float, float]:
    """Return the velocity at time 0: the slopes before the first turn, without gravity's share."""
    free = t < (turns[0].time_s if turns else math.inf)
    # Use three frames at least: no object turns before 0.2 s, so an earlier turn is an error of sight.
    free[:3] = True
    x = at[free, 0]
    y = at[free, 1] - gravity * t[free] ** 2 / 2
    vx, _ = np.polyfit(t[free], x, 1)
    vy, _ = np.polyfit(t[free], y, 1)
    return float(vx), float(vy)
