"""Decided votes by pair, with the sums of each cluster that tell how sure a pair's share is.

Two kinds of cluster: A. C. Cameron, J. B. Gelbach, D. L. Miller, "Robust inference with multiway clustering",
Journal of Business & Economic Statistics 29 (2011).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from elo.arguments import Cluster, several
from elo.arrays import Floats
from elo.raters.labels import clusters_of
from elo.votes.table import Votes
from elo.votes.tally import A, B


@dataclass(frozen=True, eq=False)
class PairSums:
    """N decided votes on P pairs."""

    first: NDArray[np.intp]
    """Contender of each pair that comes first in the votes' names, shape (P,)."""
    second: NDArray[np.intp]
    votes: Floats
    """Decided votes on each pair, shape (P,)."""
    credit: Floats
    """Votes for the first, shape (P,)."""
    pair: NDArray[np.intp]
    """Pair of each row, shape (N,)."""
    value: Floats
    """1 where the first won, else 0, shape (N,)."""
    weight: Floats
    groupings: tuple[NDArray[np.intp] | None, ...]
    """Cluster of each row, shape (N,) each; None where each vote is one.

    Two kinds of cluster are followed by their intersection."""

    @property
    def fewest(self) -> int | None:
        """Number of clusters of the kind that has the fewest; None without clusters."""
        counts = [len(np.unique(of)) for of in self.groupings[:2] if of is not None]
        return min(counts, default=None)

    def grams(self, deviation: Floats) -> tuple[csr_array, ...]:
        """Return sum_g s_g s_g' for each grouping, (P, P), of the clusters' summed deviations by pair."""
        size = len(self.votes)
        found = []
        for grouping in self.groupings:
            if grouping is None:
                squares = np.bincount(self.pair, self.weight * deviation**2)
                found.append(csr_array((squares, (np.arange(size), np.arange(size)))))
            else:
                shape = (int(grouping.max()) + 1, size)
                sums: csr_array = csr_array((self.weight * deviation, (grouping, self.pair)), shape=shape)
                found.append((sums.T @ sums).tocsr())
        return tuple(found)

    def variances(self, deviation: Floats) -> Floats:
        """Return the variance of each pair's sum of deviations, shape (P,)."""
        return two_way([np.asarray(gram.diagonal()) for gram in self.grams(deviation)])[1]

    def shares(self, size: int) -> Floats:
        """Return i's share of its decided votes against j, shape (K, K); NaN where there are none."""
        matrix = np.full((size, size), np.nan)
        matrix[self.first, self.second] = self.credit / self.votes
        matrix[self.second, self.first] = 1 - self.credit / self.votes
        return matrix


def pair_sums(votes: Votes, clusters: Sequence[Cluster]) -> PairSums:
    """Take the decided votes by pair.

    Without clusters each vote is one of its own, so that a row of weight w counts as w independent votes.

    Raises:
        ValueError: the votes do not record the clusters, or none is decided.
    """
    decided = (votes.outcome == A) | (votes.outcome == B)
    if not decided.any():
        raise ValueError("All votes are ties or both_bad: a cycle test needs votes that name a winner.")
    a, b = (side[decided].astype(np.intp) for side in (votes.contender_a, votes.contender_b))
    size = len(votes.contenders)
    lower, higher = np.minimum(a, b), np.maximum(a, b)
    code, pair = np.unique(lower * size + higher, return_inverse=True)
    value = ((votes.outcome[decided] == A) == (a < b)).astype(np.float64)
    weight = votes.weight[decided]
    return PairSums(
        first=code // size,
        second=code % size,
        votes=np.bincount(pair, weight).astype(np.float64),
        credit=np.bincount(pair, weight * value).astype(np.float64),
        pair=pair,
        value=value,
        weight=weight,
        groupings=_groupings(votes, clusters, decided),
    )


class TwoWay(NamedTuple):
    """Two-way sums over groupings."""

    total: Floats
    """Sum of the one-way ones, less the intersection of two."""
    floored: Floats
    """Total, but not below the largest of the one-way ones."""


def two_way(parts: Sequence[Floats]) -> TwoWay:
    """Join sums of any shape, found by each grouping (Cameron, Gelbach and Miller, eq. 2.11, with floors)."""
    total = parts[0] if len(parts) == 1 else parts[0] + parts[1] - parts[2]
    return TwoWay(total, np.max([total, *parts[:2]], axis=0))


def _groupings(
    votes: Votes, clusters: Sequence[Cluster], decided: NDArray[np.bool_]
) -> tuple[NDArray[np.intp] | None, ...]:
    unknown = [name for name in several("clusters", clusters) if name not in get_args(Cluster)]
    if unknown:
        raise ValueError(
            f"Unknown clusters {unknown}. Known: {', '.join(get_args(Cluster))}; () is for none."
        )
    codes = [
        clusters_of(votes, name, "Clustering", at_least=2).code[decided] for name in dict.fromkeys(clusters)
    ]
    if len(codes) < 2:
        return tuple(codes) or (None,)
    both = np.stack(codes)
    return (*codes, np.unique(both, axis=1, return_inverse=True)[1])
