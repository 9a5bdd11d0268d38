"""Measure how different the clips of one prompt are. A model that always makes one clip is worth less."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from generators.toyworld.referee.scores import Score
from generators.toyworld.senses.footage import Footage
from generators.toyworld.senses.tracing import trace
from generators.toyworld.world.examples import SIDE, Example


def other_seeds(examples: Sequence[Example], count: int) -> list[Example]:
    """Return each example with `count` consecutive seeds, its own first; those of one prompt are adjacent."""
    return [replace(own, seed=own.seed + number) for own in examples for number in range(count)]


def diversity(clips: Sequence[Footage], seeds: int) -> dict[str, Score]:
    """Return scores of clips in the order of `other_seeds`, in pixels of 64.

    Starts should spread as in the true clips, and the nearest two clips of a prompt should differ.

    Args:
        clips: Clips of several prompts, `seeds` of each.
        seeds: Number of clips of each prompt.
    """
    paths = [_longest_path(clip) for clip in clips]
    of_prompts = [paths[first : first + seeds] for first in range(0, len(paths), seeds)]
    starts, nearest = zip(*(spread(some) for some in of_prompts), strict=True)
    return {
        "start spread px": _pixels(starts, len(clips)),
        "nearest clips px": _pixels(nearest, len(clips)),
    }


def spread(paths: Sequence[NDArray[np.float64]]) -> tuple[float, float]:
    """Measure how different clips of one prompt are, in boxes.

    Args:
        paths: The object's centre (time, 2) in each clip, NaN where it isn't whole.

    Returns:
        Standard deviation of the first known position; mean distance of the two nearest paths.
    """
    known = [path for path in paths if not np.isnan(path).all()]
    if len(known) < 2:
        return 0.0, 0.0
    starts = np.stack([path[np.flatnonzero(~np.isnan(path[:, 0]))[0]] for path in known])
    apart = [
        float(np.nanmean(np.linalg.norm(one - other, axis=1)))
        for one, other in combinations(known, 2)
        if not np.isnan(one + other).all()
    ]
    return float(np.sqrt(starts.var(axis=0).mean())), min(apart, default=0.0)


def _pixels(boxes: Sequence[float], count: int) -> Score:
    """Return the mean of lengths, converted from boxes to pixels; its interval isn't known."""
    return Score(SIDE * float(np.mean(boxes)), math.nan, math.nan, count)


def _longest_path(clip: Footage) -> NDArray[np.float64]:
    """Return the path (time, 2) of the object that is seen longest."""
    paths = [track.centre for track in trace(clip.frames)]
    unseen = np.full((1, 2), np.nan)
    return max(paths, key=lambda path: np.isfinite(path[:, 0]).sum(), default=unseen)
