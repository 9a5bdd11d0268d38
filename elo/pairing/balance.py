"""Shares of pairs moved, as little as can be, until no contender is shown too seldom or too often."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from elo.arrays import Floats

TOLERANCE = 1e-6
"""Largest exposure outside its bounds, as a share of them."""
MAX_ROUNDS = 3000
HALF = 0.5
"""Nobody is on both sides of a pair, so none has a larger exposure than this."""


class Bounds(NamedTuple):
    """Least and greatest exposure of each contender: its row's sum where all sum to 1."""

    low: Floats
    """Least exposure, shape (K,)."""
    high: Floats

    @property
    def bind(self) -> bool:
        """Whether any bound can bind."""
        return bool((self.low > 0).any() or (self.high < HALF).any())


class Balanced(NamedTuple):
    """Shares within bounds, and what was done to each contender to bring them there."""

    shares: Floats
    factors: Floats
    """Factors, shape (K,): pair i, j was multiplied by factors[i] * factors[j], and all by one number."""
    met: bool
    """Whether they are within bounds; False where the pairs cannot be, or too slowly got there."""


def rebalance(shares: Floats, bounds: Bounds, neutral: Floats | float = 1.0) -> Balanced:
    """Project shares on the bounds: the nearest in Kullback-Leibler divergence.

    It multiplies each pair by a factor of either contender, above neutral only where the contender is at its
    low bound and below it only where it is at its high one (I. Csiszar, "I-divergence geometry of probability
    distributions", Annals of Probability 3 (1975), 146-158). The factors are found by symmetric scaling,
    damped by a square root (P. A. Knight, D. Ruiz, B. Ucar, SIAM J. Matrix Analysis 35 (2014), 931-955).

    Args:
        shares: shape (K, K), symmetric, summing to 1.
        bounds: of each contender's exposure, the sum of its row.
        neutral: the factor of a contender whose bounds do not bind, shape (K,); other than 1 where the shares
            had factors taken out before.
    """
    size = len(shares)
    factors = np.ones(size)
    if not bounds.bind:
        return Balanced(shares, factors, met=True)
    for _ in range(MAX_ROUNDS):
        reach = shares @ factors
        reach /= factors @ reach
        wanted = np.clip(neutral, bounds.low / reach, bounds.high / reach)
        off = np.abs(wanted / factors - 1).max()
        if off < TOLERANCE:
            break
        factors = np.sqrt(factors * wanted)
    scaled = shares * factors[:, None] * factors
    return Balanced(scaled / scaled.sum(), factors, met=bool(off < TOLERANCE))
