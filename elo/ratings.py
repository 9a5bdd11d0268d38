"""Result of a fit: ratings, their intervals, ranks and tiers."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from elo.arguments import place_of
from elo.arrays import Floats
from elo.intervals.bootstrap import Bootstrap
from elo.intervals.covariance import Covariance
from elo.intervals.ranks import RankRange, distinct, rank_ranges, tiers
from elo.intervals.simultaneous import simultaneous_margins
from elo.method import Diagnostics, Method
from elo.models.bradley_terry import difference_variances
from elo.models.outcomes import TIE_PARAMETERS, expected_credit
from elo.unrated import Unrated
from elo.votes.tally import Tally

if TYPE_CHECKING:
    import pandas as pd

MEAN_RATING = 1000.0


class Interval(NamedTuple):
    """An estimate and its confidence limits."""

    estimate: float
    lower: float
    upper: float


class RatingRow(NamedTuple):
    """One contender's line: rating with its interval, rank with its range, and what the votes were."""

    contender: str
    rating: float
    lower: float
    upper: float
    se: float
    rank: int
    rank_low: int
    rank_high: int
    tier: int
    votes: float
    wins: float
    losses: float
    ties: float
    both_bad: float
    """Counts of votes are ints where they are whole."""


@dataclass(frozen=True, eq=False)
class Ratings:
    """Ratings of K contenders. Intervals hold each on its own, rank ranges all together."""

    contenders: tuple[str, ...]
    strengths: Floats
    """Log-odds, mean zero, shape (K,)."""
    errors: Covariance
    tally: Tally
    method: Method
    diagnostics: Diagnostics
    parameters: dict[str, float] = field(default_factory=dict)
    """The estimates besides strengths, log-odds: `floor` (on the scale of the strengths, whose mean is zero),
    `side`, `order`, covariates (for each unit), `log_nu` or `log_kappa`."""
    draws: Bootstrap | None = None
    """The estimates from resampled votes, where intervals are by the bootstrap."""
    unrated: tuple[Unrated, ...] = ()
    """The contenders without a finite rating, set apart: no other field or method knows of them."""

    @property
    def covariance(self) -> Floats:
        """Covariance of the strengths, log-odds squared, shape (K, K).

        Intervals may be wider: no variance falls below those of `errors.floors`, which `variance_floor` and
        Firth's penalty (inverse information) set.
        """
        return self.errors.matrix

    @property
    def ratings(self) -> Floats:
        """Ratings on the scale asked for, about the anchor or the mean of 1000, shape (K,)."""
        value = self.method.asked.anchor[1] if self.method.asked.anchor else MEAN_RATING
        return value + self.method.asked.scale * (self._contrasts() @ self.strengths)

    @property
    def standard_errors(self) -> Floats:
        """Standard errors of `ratings`, shape (K,); that of the anchor is zero.

        Where the policy `bounded` held groups apart, errors are infinite outside of the largest group, or of
        the anchor's. Within it they are those of differences from the group's mean.
        """
        variances = self.errors.variances(self._contrasts(self.errors.comparable))
        return self.method.asked.scale * np.sqrt(np.maximum(variances, 0))

    def ranks(self) -> dict[str, RankRange]:
        """Return each contender's rank and its range of ranks; all ranges jointly hold at the level."""
        above = distinct(self.strengths, self._joint_margins)
        return dict(zip(self.contenders, rank_ranges(self.strengths, above), strict=True))

    def simultaneous(self) -> tuple[Floats, Floats]:
        """Return limits of rating i less rating j that hold for all pairs together at the level.

        Returns:
            Lower and upper limits, shape (K, K) each, in rating points.
        """
        differences = self.strengths[:, None] - self.strengths[None, :]
        scale = self.method.asked.scale
        return scale * (differences - self._joint_margins), scale * (differences + self._joint_margins)

    def rows(self) -> tuple[RatingRow, ...]:
        """Return one row for each contender, best first; equal ratings in the order of names."""
        above = distinct(self.strengths, self._joint_margins)
        places = rank_ranges(self.strengths, above)
        order = sorted(range(len(places)), key=lambda i: (places[i].rank, self.contenders[i]))
        tier = tiers(np.array(order), above)
        ratings, errors, tally = self.ratings, self.standard_errors, self.tally
        margins = self._quantile() * errors
        return tuple(
            RatingRow(
                contender=self.contenders[i],
                rating=float(ratings[i]),
                lower=float(ratings[i] - margins[i]),
                upper=float(ratings[i] + margins[i]),
                se=float(errors[i]),
                rank=places[i].rank,
                rank_low=places[i].low,
                rank_high=places[i].high,
                tier=int(tier[i]),
                votes=whole(float(tally.votes[i])),
                wins=whole(float(tally.wins[i])),
                losses=whole(float(tally.losses[i])),
                ties=whole(float(tally.ties[i])),
                both_bad=whole(float(tally.both_bad[i])),
            )
            for i in order
        )

    def table(self) -> pd.DataFrame:
        """Return `rows` as a DataFrame."""
        import pandas as pd  # the web process loads this module and needs no pandas

        return pd.DataFrame(self.rows(), columns=list(RatingRow._fields))

    def difference(self, a: str, b: str) -> Interval:
        """Return the rating of a less that of b, with its interval.

        Raises:
            ValueError: a contender is unknown.
        """
        i, j = place_of(a, self.contenders), place_of(b, self.contenders)
        estimate = float(self.strengths[i] - self.strengths[j])
        gap = self._interval(estimate, float(self.errors.difference_variances()[i, j]))
        return Interval(*(self.method.asked.scale * limit for limit in gap))

    def win_probability(self, a: str, b: str) -> Interval:
        """Return the expected credit of a against b, P(a wins) + P(tie) / 2, with its interval.

        It holds on even terms of side, order and covariates, for a vote that counts: a decided one under
        ties='drop', and no both_bad that is dropped or apart. Limits are those of the difference, with the
        parameter of ties held at its estimate.

        Raises:
            ValueError: a contender is unknown.
        """
        ties = self.method.asked.specification.ties
        gap = np.array(self.difference(a, b)) / self.method.asked.scale
        held = self.parameters.get(TIE_PARAMETERS.get(ties, ""), 0.0)
        return Interval(*expected_credit(gap, ties, held).tolist())

    def percentile_difference(self, a: str, b: str) -> Interval:
        """Return the difference of ratings with percentile limits of the bootstrap's draws.

        Where the draws vary less than the floor of variances allows, the limits are those of `difference`.

        Raises:
            ValueError: a contender is unknown, or the intervals are not by the bootstrap.
        """
        if self.draws is None:
            raise ValueError("Percentiles are of the bootstrap's draws: fit with intervals='bootstrap'.")
        estimate, lower, upper = self.difference(a, b)
        i, j = place_of(a, self.contenders), place_of(b, self.contenders)
        drawn = difference_variances(self.errors.matrix)[i, j]
        if self.errors.difference_variances()[i, j] > drawn:
            return Interval(estimate, lower, upper)
        contrast = np.zeros((1, self.draws.draws.shape[1]))
        contrast[0, place_of(a, self.contenders)] += 1
        contrast[0, place_of(b, self.contenders)] -= 1
        limits = self.draws.limits(contrast, self.method.asked.level)
        return Interval(estimate, *(self.method.asked.scale * float(limit[0]) for limit in limits))

    def parameter(self, name: str) -> Interval:
        """Return one of `parameters` with its interval, log-odds.

        Raises:
            ValueError: the fit has no such parameter.
        """
        if name not in self.parameters:
            known = ", ".join(self.parameters) or "none; ask fit for effects=, covariates= or a model of ties"
            raise ValueError(f"Unknown parameter {name!r}. Known: {known}.")
        if name == "floor":
            mean = np.full(len(self.contenders), 1 / len(self.contenders))
            return self._floor_less(mean, mean)
        variance = self.errors.extras[list(self.parameters).index(name)]
        return self._interval(self.parameters[name], float(variance))

    @property
    def floor(self) -> Interval | None:
        """Rating of the virtual contender that wins where both are bad; None without both_bad='floor'.

        Like the other ratings it moves with the anchor, or is about the mean of 1000.
        """
        if "floor" not in self.parameters:
            return None
        value = self.method.asked.anchor[1] if self.method.asked.anchor else MEAN_RATING
        gap = self._floor_less(self._reference(), self._reference(self.errors.comparable))
        return Interval(*(value + self.method.asked.scale * limit for limit in gap))

    @cached_property
    def _joint_margins(self) -> Floats:
        if self.method.asked.uncertainty.intervals == "none":
            return np.full_like(self.covariance, np.nan)
        met = self.tally.met.astype(np.float64)
        return simultaneous_margins(self.strengths, self.errors, met, self.method.asked.level)

    def _floor_less(self, reference: Floats, among: Floats) -> Interval:
        """Return the floor less a mean of strengths, log-odds.

        Args:
            reference: shape (K,), weights of the strengths.
            among: shape (K,), weights of those that the error is relative to.
        """
        estimate = self.parameters["floor"] - float(reference @ self.strengths)
        errors = self.errors.with_floor or self.errors
        return self._interval(estimate, float(errors.variances(np.append(-among, 1.0)[None])[0]))

    def _interval(self, estimate: float, variance: float) -> Interval:
        margin = self._quantile() * float(np.sqrt(np.maximum(variance, 0)))
        return Interval(estimate, estimate - margin, estimate + margin)

    def _quantile(self) -> float:
        return self.errors.quantile((1 - self.method.asked.level) / 2)

    @property
    def reference(self) -> Floats:
        """Weights of the contenders that ratings are differences from, summing to 1, shape (K,)."""
        return self._reference()

    def _contrasts(self, among: NDArray[np.bool_] | None = None) -> Floats:
        """Return the weights of strengths in each rating, less the anchor's or the mean, shape (K, K).

        Args:
            among: shape (K,), the contenders whose mean it is; None for all.
        """
        contrasts: Floats = np.eye(len(self.contenders)) - self._reference(among)
        return contrasts

    def _reference(self, among: NDArray[np.bool_] | None = None) -> Floats:
        """Return the weights of the strengths that ratings are differences from, shape (K,)."""
        if self.method.asked.anchor is not None:
            return np.asarray(
                np.eye(len(self.contenders))[place_of(self.method.asked.anchor[0], self.contenders)]
            )
        every = np.ones(len(self.contenders), dtype=bool) if among is None else among
        return np.asarray(every / every.sum())


def whole(value: float) -> float:
    """Return a whole number as an int, any other as it is."""
    return int(value) if value == int(value) else value
