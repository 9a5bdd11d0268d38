"""Strengths of contenders by decided votes, and what each rater's own votes add to them.

Bradley-Terry with a normal prior, as in T. Leonard, "An alternative Bayesian approach to the Bradley-Terry
model for paired comparisons", Biometrics 33 (1977), 121-132. A rater's own part is taken out by one Newton
step, as in A. Agresti, "Categorical Data Analysis" (2013), section 6.2.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from elo.models.bradley_terry import laplacian, maximise

Numbers = NDArray[np.intp]
Reals = NDArray[np.float64]
RIDGE = 1.0
"""Precision of the prior: strengths lie about one unit of log-odds from the mean."""


@dataclass(frozen=True, eq=False)
class Duels:
    """D decided votes of R raters on K contenders."""

    rater: Numbers
    """Number of the rater, shape (D,)."""
    a: Numbers
    """Number of the contender on side a, shape (D,)."""
    b: Numbers
    won: Reals
    """1 where side a was preferred, 0 where side b was, shape (D,)."""
    raters: int
    contenders: int

    def per_rater(self, values: Reals) -> Reals:
        """Sum values (D,) over the votes of each rater, shape (R,)."""
        return sum_by(self.rater, values, self.raters)


def sum_by(number: Numbers, values: Reals, size: int) -> Reals:
    """Sum values (N,) by the numbers that they belong to, shape (size,)."""
    sums: Reals = np.bincount(number, values, size).astype(np.float64)  # whole numbers where N is 0
    return sums


@dataclass(frozen=True, eq=False)
class Strengths:
    """Fit of duels."""

    values: Reals
    """Strengths in log-odds, shape (K,)."""
    influence: Reals
    """What each rater's votes add to each strength, shape (R, K)."""
    expected: Reals
    """Probability that side a wins by the votes of other raters, shape (D,)."""
    margin: Reals
    """Its log-odds, shape (D,)."""


def fit_strengths(duels: Duels, weights: Reals) -> Strengths:
    """Fit strengths to duels.

    Args:
        duels: the votes.
        weights: weight of each rater's votes from 0 to 1, shape (R,).
    """
    size, weight = duels.contenders, weights[duels.rater]
    # Wins of i over j, (K, K).
    credit = np.zeros((size, size))
    np.add.at(credit, (duels.a, duels.b), weight * duels.won)
    np.add.at(credit, (duels.b, duels.a), weight * (1 - duels.won))
    values = maximise(credit, ridge=RIDGE).strengths if credit.any() else np.zeros(size)
    p = expit(values[:, None] - values[None, :])
    information = laplacian((credit + credit.T) * p * p.T) + RIDGE * np.eye(size)
    # Score of each rater, (R, K), and the step that it explains.
    score = np.zeros((duels.raters, size))
    surprise = weight * (duels.won - p[duels.a, duels.b])
    np.add.at(score, (duels.rater, duels.a), surprise)
    np.add.at(score, (duels.rater, duels.b), -surprise)
    influence: Reals = np.linalg.solve(information, score.T).T.astype(np.float64)
    without = values - influence
    margin = without[duels.rater, duels.a] - without[duels.rater, duels.b]
    return Strengths(values, influence, expit(margin), margin)
