"""Ranks as confidence sets, and tiers of contenders that the votes do not tell apart."""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from elo.intervals.sandwich import Covariance
from elo.votes.tally import Floats

EQUAL = 1e-9
"""Log-odds within which strengths count as equal: more than rounding, less than any vote moves."""


class RankRange(NamedTuple):
    """A contender's place, 1 for the best, and the range of places that the votes allow."""

    rank: int
    low: int
    """The best place allowed."""
    high: int
    """The worst place allowed."""


def distinct(strengths: Floats, covariance: Covariance, level: float) -> NDArray[np.bool_]:
    """Shape (K, K): i is above j in their difference interval, with all pairs holding together at `level`.

    The intervals are adjusted for the K (K - 1) / 2 pairs by Bonferroni.
    """
    pairs = len(strengths) * (len(strengths) - 1) / 2
    quantile = covariance.quantile((1 - level) / 2 / pairs)
    margin = quantile * np.sqrt(np.maximum(covariance.difference_variances(), 0))
    return strengths[:, None] - strengths[None, :] > np.maximum(margin, EQUAL)


def rank_ranges(strengths: Floats, above: NDArray[np.bool_]) -> tuple[RankRange, ...]:
    """Rank ranges that cover all true ranks together, from who is distinctly above whom.

    A place is allowed unless the distinct pairs rule it out (Mogstad, Romano, Shaikh and Wilhelm 2024, Review
    of Economic Studies 91, section 3). Equal strengths share a rank.
    """
    better = (strengths[None, :] - strengths[:, None] > EQUAL).sum(axis=1)
    low, high = above.sum(axis=0), len(strengths) - above.sum(axis=1)
    return tuple(
        RankRange(int(b) + 1, int(lo) + 1, int(hi)) for b, lo, hi in zip(better, low, high, strict=True)
    )


def tiers(order: NDArray[np.intp], above: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Shape (K,): each contender's tier, from 1 for the best.

    Down the order, a new tier opens with the first that the top of the current one is distinctly above.
    """
    tier = np.ones(len(order), dtype=np.intp)
    top = order[0]
    for previous, contender in itertools.pairwise(order):
        opens = above[top, contender]
        tier[contender] = tier[previous] + opens
        top = contender if opens else top
    return tier
