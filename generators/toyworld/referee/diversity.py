"""How different the clips of one prompt are: a student that knows one answer to each is worth less."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from generators.toyworld.referee.scores import Score
from generators.toyworld.referee.verdict import Footage
from generators.toyworld.senses.tracing import trace
from generators.toyworld.world.examples import SIDE, Example


def other_seeds(examples: Sequence[Example], count: int) -> list[Example]:
    """Each example as so many seeds have it happen, its own first; those of one prompt follow each other."""
    return [replace(own, seed=own.seed + number) for own in examples for number in range(count)]


def diversity(clips: Sequence[Footage], seeds: int) -> dict[str, Score]:
    """Scores of clips that come as `other_seeds` orders them, in pixels of 64.

    Where an object starts should vary as in the truth, and the nearest two clips of a prompt should differ.
    """
    ways = [_way(clip) for clip in clips]
    of_prompts = [ways[first : first + seeds] for first in range(0, len(ways), seeds)]
    starts, nearest = zip(*(spread(some) for some in of_prompts), strict=True)
    nan, count = float("nan"), len(clips)
    return {
        "start spread px": Score(SIDE * float(np.mean(starts)), nan, nan, count),
        "nearest clips px": Score(SIDE * float(np.mean(nearest)), nan, nan, count),
    }


def spread(ways: Sequence[NDArray[np.float64]]) -> tuple[float, float]:
    """How different clips of one prompt are, in boxes.

    Args:
        ways: The object's centre (time, 2) in each clip, NaN where it isn't whole.

    Returns:
        Standard deviation of the first known position; mean distance of the two nearest ways.
    """
    known = [way for way in ways if not np.isnan(way).all()]
    if len(known) < 2:
        return 0.0, 0.0
    starts = np.stack([way[np.flatnonzero(~np.isnan(way[:, 0]))[0]] for way in known])
    apart = [
        float(np.nanmean(np.linalg.norm(one - other, axis=1)))
        for one, other in combinations(known, 2)
        if not np.isnan(one + other).all()
    ]
    return float(np.sqrt(starts.var(axis=0).mean())), min(apart, default=0.0)


def _way(clip: Footage) -> NDArray[np.float64]:
    """The way of the object that is seen longest."""
    ways = [track.centre for track in trace(clip.frames)]
    return max(ways, key=lambda way: np.isfinite(way[:, 0]).sum(), default=np.full((1, 2), np.nan))
