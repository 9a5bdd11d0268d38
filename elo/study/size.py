"""How many votes, raters and prompts an answer takes: before a study, and from what one has shown so far.

Variance components as in A. B. Owen, "The pigeonhole bootstrap", Annals of Applied Statistics 1 (2007).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import scipy

from elo.arguments import place_of
from elo.arrays import Floats
from elo.intervals.covariance import quantile
from elo.intervals.ranks import EQUAL
from elo.models.bradley_terry import difference_variances
from elo.options import ELO_SCALE
from elo.ratings import Ratings

EVEN = 0.25
"""Information of one decided vote on an even pair, per squared log-odds."""
MOST = 2**53
"""Largest count that is tried."""


class VarianceComponents(NamedTuple):
    """Variance components of a difference, in rating points squared."""

    vote: float
    """Part that shrinks with the number of votes."""
    rater: float
    """Part of raters' tastes, which shrinks with the number of raters only."""
    prompt: float
    """Part of prompts that suit one contender more, which shrinks with the number of prompts only."""

    def after(self, votes: float = 1, raters: float = 1, prompts: float = 1) -> float:
        """Return the variance after multiplying votes, raters and prompts by these factors."""
        return self.vote / votes + self.rater / raters + self.prompt / prompts


@dataclass(frozen=True)
class StudyPlan:
    """Total votes, raters or prompts that are needed, if only one of them grows. None: no number suffices."""

    margin: float
    """Present half-width or reach, in rating points."""
    wanted: float
    components: VarianceComponents
    votes: int | None
    """Votes with the present raters and prompts."""
    raters: int | None
    """Raters with the present prompts, if new raters vote as much; None where raters are not clusters."""
    prompts: int | None
    """Prompts with the present raters, if new prompts get as many votes; None where they are no clusters."""
    growth: float
    """Factor by which votes, raters and prompts must grow, if all grow alike."""

    @property
    def buy(self) -> str:
        """Source of most variance, `votes`, `raters` or `prompts`; `nothing` where the margin suffices."""
        if self.margin <= self.wanted:
            return "nothing"
        return ("votes", "raters", "prompts")[int(np.argmax(self.components))]


def variance_components(ratings: Ratings, pair: tuple[str, str] | None = None) -> VarianceComponents:
    """Split the variance of a difference, or its mean over all pairs, by where it comes from.

    With rater and prompt clusters the two-way variance is V_r + V_p - V_rp, of which V_r - V_rp is owed to
    raters, V_p - V_rp to prompts and V_rp to single votes (Owen). With one kind of cluster, what exceeds
    independent votes is owed to it.

    Args:
        ratings: a fit with sandwich intervals, clustered by rater, prompt, both or neither; without clusters
            also one with intervals by the model or the bootstrap.
        pair: two contenders; None for the mean over all pairs.

    Raises:
        ValueError: a contender is unknown, the same one is given twice, or the fit has no such variances.
    """
    errors, scale = ratings.errors, ratings.method.asked.scale
    _check_plannable(ratings)
    weights = _weights(ratings, pair)

    def variance(differences: Floats) -> float:
        kept = np.where(weights > 0, np.maximum(differences, 0), 0)
        return float((weights * kept).sum()) * scale**2

    total = variance(errors.difference_variances())
    if not math.isfinite(total):
        raise ValueError(
            "No votes limit how far apart some of these contenders are, so more of the same settle nothing. "
            "Plan for a pair whose difference has an interval, or collect votes that lift the separation."
        )
    kinds = list(errors.clusters)
    owed = dict.fromkeys(("rater", "prompt"), 0.0)
    if len(kinds) == 2:
        one_way = {kind: variance(difference_variances(way)) for kind, way in errors.one_way.items()}
        for kind, other in (kinds, kinds[::-1]):
            owed[kind] = max(total - one_way[other], 0.0)
    elif errors.independent is not None:
        owed[kinds[0]] = max(total - variance(difference_variances(errors.independent)), 0.0)
    return VarianceComponents(max(total - sum(owed.values()), 0.0), owed["rater"], owed["prompt"])


def _check_plannable(ratings: Ratings) -> None:
    asked = ratings.method.asked.uncertainty
    if asked.intervals == "none" or (asked.clusters and asked.intervals == "bootstrap"):
        raise ValueError(
            f"A fit with intervals={asked.intervals!r} does not say what its variance is made of. "
            "Plan from a fit with intervals='sandwich'."
        )


def _weights(ratings: Ratings, pair: tuple[str, str] | None) -> Floats:
    """Return the weight of each difference, shape (K, K), summing to 1."""
    size = len(ratings.contenders)
    if pair is None:
        return (1 - np.eye(size)) / (size * (size - 1))
    i, j = (place_of(name, ratings.contenders) for name in pair)
    if i == j:
        raise ValueError(f"{pair[0]!r} does not differ from itself. Give two contenders.")
    weights = np.zeros((size, size))
    weights[i, j] = 1
    return weights


def plan_width(ratings: Ratings, half_width: float, pair: tuple[str, str] | None = None) -> StudyPlan:
    """Plan the votes, raters and prompts after which the interval of a difference is this narrow.

    Args:
        ratings: the fit so far, clustered on what votes share.
        half_width: wanted, in rating points.
        pair: two contenders; None for the root mean square over all pairs.

    Raises:
        ValueError: as in `variance_components`, or the width is not above 0.
    """
    tail = (1 - ratings.method.asked.level) / 2
    return _plan(ratings, pair, half_width, lambda dof: quantile(dof, tail))


def plan_separation(ratings: Ratings, a: str, b: str, power: float = 0.8) -> StudyPlan:
    """Plan until the interval of a difference excludes 0, if the difference is as large as estimated.

    Args:
        ratings: the fit so far, clustered on what votes share.
        a: a contender.
        b: another.
        power: wanted probability of a distinct difference.

    Raises:
        ValueError: as in `variance_components`, or the two are estimated to be equal.
    """
    tail = (1 - ratings.method.asked.level) / 2
    gap = abs(ratings.difference(a, b).estimate)
    if a != b and gap <= EQUAL * ratings.method.asked.scale:
        raise ValueError(
            f"{a!r} and {b!r} are estimated to be equal, so no number of votes is expected to separate them. "
            "Plan for a width that matters to you by plan_width, or for a gap by head_to_head_votes."
        )

    def reach(dof: int | None) -> float:
        return quantile(dof, tail) + quantile(dof, 1 - power)

    return _plan(ratings, (a, b), gap, reach)


def head_to_head_votes(
    gap: float,
    *,
    power: float = 0.8,
    level: float = 0.95,
    tie_rate: float = 0.0,
    design_effect: float = 1.0,
    scale: float = ELO_SCALE,
) -> int:
    """Return the votes between two contenders that show a true gap: a two-sided test of a share against 1/2.

    n = (z_level / 2 + z_power sqrt(p q))^2 / (p - 1/2)^2 decided votes (Fleiss, Levin and Paik 2003,
    Statistical Methods for Rates and Proportions, section 2.6), times the design effect, over the share that
    decides.

    Args:
        gap: rating points, not 0.
        power: wanted probability of a distinct difference.
        level: of the interval.
        tie_rate: share of votes without a winner.
        design_effect: variance over that of independent votes.
        scale: rating points for one unit of log-odds.
    """
    share = float(scipy.special.expit(abs(gap) / scale))
    if_even = _z((1 - level) / 2) * math.sqrt(EVEN)
    if_apart = _z(1 - power) * math.sqrt(share * (1 - share))
    decided = ((if_even + if_apart) / (share - 0.5)) ** 2
    return _count(decided, tie_rate, design_effect)


def ladder_appearances(
    gap: float,
    *,
    power: float = 0.8,
    level: float = 0.95,
    tie_rate: float = 0.0,
    design_effect: float = 1.0,
    scale: float = ELO_SCALE,
) -> int:
    """Return the votes that each of two contenders needs against an even, well-known field to show a gap.

    n = 2 (z_level + z_power)^2 / (gap^2 / 4) with the gap in log-odds: each vote tells 1/4. Arguments as in
    `head_to_head_votes`.
    """
    deviations = _z((1 - level) / 2) + _z(1 - power)
    return _count(2 * deviations**2 / (EVEN * (gap / scale) ** 2), tie_rate, design_effect)


def width_appearances(
    half_width: float,
    *,
    level: float = 0.95,
    tie_rate: float = 0.0,
    design_effect: float = 1.0,
    scale: float = ELO_SCALE,
) -> int:
    """Return the votes that a contender needs against an even, well-known field for so narrow an interval.

    n = z^2 / (half_width^2 / 4) with the half-width in log-odds. Arguments as in `head_to_head_votes`.
    """
    return _count(_z((1 - level) / 2) ** 2 / (EVEN * (half_width / scale) ** 2), tie_rate, design_effect)


def _plan(
    ratings: Ratings, pair: tuple[str, str] | None, wanted: float, reach: Callable[[int | None], float]
) -> StudyPlan:
    parts = variance_components(ratings, pair)
    if not wanted > 0:
        raise ValueError(f"Cannot plan for {wanted:g} rating points: it must be above 0.")
    clusters = ratings.errors.clusters

    def margin(votes: float = 1, raters: float = 1, prompts: float = 1) -> float:
        times = {"rater": raters, "prompt": prompts}
        dof = min((int(count * times[kind]) for kind, count in clusters.items()), default=None)
        error = math.sqrt(parts.after(votes, raters, prompts))
        return reach(None if dof is None else max(min(dof, MOST) - 1, 1)) * error

    def enough(present: float, grown: Callable[[float], float]) -> int | None:
        return _smallest(math.ceil(present), lambda count: grown(count / present) <= wanted)

    votes = ratings.diagnostics.votes
    raters, prompts = clusters.get("rater"), clusters.get("prompt")
    in_all = enough(votes, lambda times: margin(times, times, times))
    return StudyPlan(
        margin=margin(),
        wanted=wanted,
        components=parts,
        votes=enough(votes, lambda times: margin(votes=times)),
        raters=raters and enough(raters, lambda times: margin(votes=times, raters=times)),
        prompts=prompts and enough(prompts, lambda times: margin(votes=times, prompts=times)),
        growth=math.inf if in_all is None else in_all / votes,
    )


def _smallest(present: int, suffices: Callable[[int], bool]) -> int | None:
    """Find the smallest count, from the present one, that suffices; None if none does."""
    if suffices(present):
        return present
    if not suffices(MOST):
        return None
    low, high = present, MOST
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if suffices(middle) else (middle, high)
    return high


def _z(tail: float) -> float:
    return float(-scipy.special.ndtri(tail))


def _count(decided: float, tie_rate: float, design_effect: float) -> int:
    if not (math.isfinite(decided) and 0 <= tie_rate < 1 and design_effect > 0):
        raise ValueError(
            f"No number of votes follows from tie_rate={tie_rate}, design_effect={design_effect}. "
            "Needed: a gap or width other than 0, a tie rate from 0 to below 1, a design effect above 0."
        )
    return math.ceil(decided * design_effect / (1 - tie_rate))
