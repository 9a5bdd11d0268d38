"""Cycles: contenders that beat each other in a ring, and whether more than chance makes them do so."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from elo.arguments import Cluster
from elo.arrays import Floats
from elo.robustness.pairs import PairSums, pair_sums
from elo.votes.table import Votes

if TYPE_CHECKING:
    import pandas as pd


class Cycle(NamedTuple):
    """A ring: the first beats the second more often than not, the second the third, the third the first."""

    contenders: tuple[str, str, str]
    shares: tuple[float, float, float]
    """Share of the decided votes that each won against the next."""
    statistic: float
    """Statistic of the weakest of the three wins: standard errors above one half."""
    p_value: float
    """Probability that a ring without three true majorities shows this, for this ring alone."""
    adjusted: float
    """Probability adjusted for all rings (Holm)."""


@dataclass(frozen=True)
class Cycles:
    """The rings that the votes show, the strongest first."""

    rings: tuple[Cycle, ...]
    tested: int
    """Rings that could have shown: two for each three contenders that all met."""
    clusters: tuple[str, ...]

    def significant(self, level: float = 0.95) -> tuple[Cycle, ...]:
        """Return the rings that are jointly true with this probability."""
        return tuple(ring for ring in self.rings if ring.adjusted <= 1 - level)

    def table(self) -> pd.DataFrame:
        """Return `rings` as a DataFrame."""
        import pandas as pd  # the web process loads this module and needs no pandas

        return pd.DataFrame(self.rings, columns=list(Cycle._fields))


def cycles(votes: Votes, *, clusters: Sequence[Cluster] = ()) -> Cycles:
    """List the rings of three among contenders, by decided votes, with their significance.

    A ring is true when its three majorities are: the p-value is the largest of theirs (intersection-union
    test, Berger 1982, Technometrics 24), each by a score test of one half whose variance is that of the
    clusters' sums, referred to a normal: too ready to see a ring on pairs with fewer than ten clusters. Over
    all rings the p-values are adjusted by Holm's steps (1979, Scandinavian Journal of
    Statistics 6), whatever their dependence.

    Args:
        votes: the votes; ties and both_bad are left out.
        clusters: what makes votes depend on each other, of `prompt` and `rater`; () is for nothing.

    Raises:
        ValueError: the votes do not record the clusters, or none is decided.
    """
    size = len(votes.contenders)
    sums = pair_sums(votes, clusters)
    statistic = _statistics(sums, size)
    wins = sums.shares(size)
    ring = _rings(size)

    # Statistic of the weakest win of each ring whose contenders all met, shape (rings,).
    nexts = np.roll(ring, -1, axis=1)
    weakest = statistic[ring, nexts].min(axis=1)
    met = np.isfinite(weakest)
    ring, nexts, weakest = ring[met], nexts[met], weakest[met]

    # Holm's steps: the i-th smallest of n p-values times n - i + 1, never falling.
    p = ndtr(-weakest)
    order = np.argsort(-weakest, kind="stable")
    stepped = p[order] * np.arange(len(p), 0, -1)
    adjusted = np.minimum(np.maximum.accumulate(stepped), 1)
    names = votes.contenders
    rings = (
        Cycle(
            contenders=(names[ring[of, 0]], names[ring[of, 1]], names[ring[of, 2]]),
            shares=tuple(wins[ring[of], nexts[of]].tolist()),
            statistic=float(weakest[of]),
            p_value=float(p[of]),
            adjusted=float(value),
        )
        for of, value in zip(order, adjusted, strict=True)
        if weakest[of] > 0
    )
    return Cycles(tuple(rings), len(ring), tuple(clusters))


def _rings(size: int) -> NDArray[np.intp]:
    """List the rings of three contenders, both ways round, shape (rings, 3)."""
    orders = np.array(list(itertools.permutations(range(size), 3))).reshape(-1, 3)
    # Of the six orders of three, those that start with the smallest are the two ways round.
    smallest_first = (orders[:, 0] < orders[:, 1]) & (orders[:, 0] < orders[:, 2])
    return orders[smallest_first]


def _statistics(sums: PairSums, size: int) -> Floats:
    """Return how many standard errors i's share against j is above one half, (K, K); NaN if they never met.

    The clusters' sums are about one half, not about the share found, so that a pair with few clusters can't
    show a small variance by chance: G clusters give sqrt(G) at most.
    """
    matrix = np.full((size, size), np.nan)
    excess = sums.credit - sums.votes / 2
    variance = sums.variances(sums.value - 0.5)
    with np.errstate(invalid="ignore", divide="ignore"):
        standard = np.where(variance > 0, excess / np.sqrt(variance), 0.0)
    matrix[sums.first, sums.second] = standard
    matrix[sums.second, sums.first] = -standard
    return matrix
