"""Severity: how readily each rater answers `both_bad` or `tie`, drawn to the mean where votes are few."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import betaincinv, betaln

from elo.arguments import several
from elo.arrays import Floats
from elo.raters.labels import clusters_of
from elo.votes.table import Votes
from elo.votes.tally import OUTCOMES

CONCENTRATIONS = (0.1, 1e6)
"""Votes that the others' rate may count as, for each rater; the upper end means raters who don't differ."""


class RaterSeverity(NamedTuple):
    """One rater's line; the interval is the equal-tailed posterior one."""

    rater: Hashable
    votes: float
    share: float
    """Number of the rater's votes with the outcomes asked about."""
    rate: float
    """`share` drawn towards the mean: the posterior mean."""
    lower: float
    upper: float


@dataclass(frozen=True)
class Severity:
    """Each rater's rate of the outcomes asked about, the most severe first."""

    outcomes: tuple[str, ...]
    mean: float
    concentration: float
    """Number of votes at the mean rate that each rater starts with: small where raters differ much."""
    raters: tuple[RaterSeverity, ...]
    level: float


def severity(votes: Votes, *, outcomes: Sequence[str] = ("both_bad",), level: float = 0.95) -> Severity:
    """Estimate each rater's rate of some outcomes by empirical Bayes.

    Rates are Beta(m c, (1 - m) c) among raters, votes binomial given the rate: m is the rate of all votes,
    c maximises the beta-binomial likelihood (Skellam 1948, Journal of the Royal Statistical Society B 10).
    Which pairs a rater was shown is not allowed for: compare raters whose ballots were drawn alike.

    Args:
        votes: the votes, with raters.
        outcomes: what counts as severe: of `a`, `b`, `tie`, `both_bad`.
        level: probability of the intervals.

    Raises:
        ValueError: raters are not recorded, there is only one, an outcome is unknown, or all or none of the
            votes have the outcomes.
    """
    outcomes = several("outcomes", outcomes)
    unknown = [name for name in outcomes if name not in OUTCOMES]
    if unknown or not outcomes:
        raise ValueError(f"Unknown outcomes {unknown}. Known, one or more: {', '.join(OUTCOMES)}.")
    rater = clusters_of(votes, "rater", "Severity", at_least=2)
    severe = np.isin(votes.outcome, [OUTCOMES.index(name) for name in outcomes])
    total = np.bincount(rater.code, weights=votes.weight).astype(np.float64)
    count = np.bincount(rater.code, weights=votes.weight * severe).astype(np.float64)
    mean = count.sum() / total.sum()
    if mean in (0, 1):
        raise ValueError(
            f"{'All' if mean else 'None'} of the votes have the outcome {' or '.join(outcomes)}, "
            "so raters' rates of it can't be told apart."
        )
    concentration = _concentration(count, total, mean)
    # The posterior is Beta(alpha, beta), shape (R,) each.
    alpha = mean * concentration + count
    beta = (1 - mean) * concentration + total - count
    rates = alpha / (alpha + beta)
    limits = (betaincinv(alpha, beta, (1 + sign * level) / 2) for sign in (-1, 1))
    columns = (column.tolist() for column in (total, count / total, rates, *limits))
    lines = (RaterSeverity(*row) for row in zip(rater.labels, *columns, strict=True))
    rows = sorted(lines, key=lambda row: (-row.rate, -row.votes))
    return Severity(outcomes, float(mean), concentration, tuple(rows), level)


def _concentration(count: Floats, total: Floats, mean: float) -> float:
    def misfit(log_concentration: float) -> float:
        c = math.exp(log_concentration)
        a, b = mean * c, (1 - mean) * c
        return -float(np.sum(betaln(a + count, b + total - count) - betaln(a, b)))

    low, high = (math.log(limit) for limit in CONCENTRATIONS)
    return math.exp(minimize_scalar(misfit, bounds=(low, high), method="bounded").x)
