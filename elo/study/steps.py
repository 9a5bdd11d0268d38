"""How many more votes each step of a ranking needs: `plan_separation` for all neighbours at once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from elo.arrays import Floats
from elo.intervals.covariance import quantile
from elo.intervals.ranks import EQUAL
from elo.models.bradley_terry import difference_variances
from elo.ratings import Ratings
from elo.study.size import MOST

ROUNDS = 100
"""Rounds of the search for the growth; the degrees of freedom settle after a few."""


class StepNeed(NamedTuple):
    """Need of votes for one step between neighbours."""

    growth: float
    """Factor by which votes, raters and prompts must grow, if all grow alike, until the interval is expected
    to leave out 0; 1 where they suffice, infinite where no number does."""
    buy: str
    """Source of most variance: `votes`, `raters` or `prompts`; `nothing` where the votes suffice."""


def plan_steps(ratings: Ratings, order: Sequence[str], power: float = 0.8) -> tuple[StepNeed, ...]:
    """Plan the separation of each two neighbours in an order of contenders, best first.

    Variance components are those of Owen 2007, as in `elo.study.size.variance_components`.

    Args:
        ratings: a fit with sandwich intervals, clustered by rater, prompt or both.
        order: contenders.
        power: wanted probability of a distinct difference.
    """
    places = np.array([ratings.contenders.index(name) for name in order])
    total = _steps(ratings.errors.difference_variances(), places)
    parts = _parts(ratings, places, total)
    gaps = ratings.strengths[places[:-1]] - ratings.strengths[places[1:]]
    least = min(ratings.errors.clusters.values(), default=None)
    tail = (1 - ratings.method.asked.level) / 2
    needs = []
    for gap, variance, part in zip(gaps.tolist(), total.tolist(), parts.T, strict=True):
        growth = _growth(gap, variance, least, tail, 1 - power)
        source = ("votes", "raters", "prompts")[int(np.argmax(part))]
        needs.append(StepNeed(growth, "nothing" if growth <= 1 else source))
    return tuple(needs)


def _parts(ratings: Ratings, places: np.typing.NDArray[np.intp], total: Floats) -> Floats:
    """Return the parts of the variance owed to votes, raters and prompts, shape (3, steps)."""
    errors = ratings.errors
    owed = {"rater": np.zeros_like(total), "prompt": np.zeros_like(total)}
    kinds = list(errors.clusters)
    if len(kinds) == 2:
        one_way = {kind: _steps(difference_variances(way), places) for kind, way in errors.one_way.items()}
        for kind, other in (kinds, kinds[::-1]):
            owed[kind] = np.maximum(total - one_way[other], 0)
    elif kinds and errors.independent is not None:
        owed[kinds[0]] = np.maximum(total - _steps(difference_variances(errors.independent), places), 0)
    return np.stack((np.maximum(total - owed["rater"] - owed["prompt"], 0), owed["rater"], owed["prompt"]))


def _steps(differences: Floats, places: np.typing.NDArray[np.intp]) -> Floats:
    steps: Floats = np.maximum(differences[places[:-1], places[1:]], 0)
    return steps


def _growth(gap: float, variance: float, least: int | None, tail: float, miss: float) -> float:
    """Return the growth t at which reach(t) sqrt(variance / t) is the gap, at least 1."""
    if gap <= EQUAL or not math.isfinite(variance):
        return math.inf
    growth = 1.0
    for _ in range(ROUNDS):
        dof = None if least is None else max(min(int(least * growth), MOST) - 1, 1)
        reach = quantile(dof, tail) + quantile(dof, miss)
        found = max(reach**2 * variance / gap**2, 1.0)
        if abs(found - growth) <= 1e-9 * growth:
            return found
        growth = found
    return growth
