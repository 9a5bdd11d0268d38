"""Covariance of the strengths, for independent votes and for votes that share raters or prompts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri, stdtrit

from elo.intervals.jackknife import jackknife
from elo.models.bradley_terry import (
    Solution,
    centred_inverse,
    difference_variances,
    laplacian,
    win_probabilities,
)
from elo.votes.table import Votes
from elo.votes.tally import HALF_CREDIT, Floats, Tally

CLUSTERS = ("prompt", "rater")


@dataclass(frozen=True, eq=False)
class Covariance:
    """What is known about the errors of the strengths, in log-odds squared."""

    matrix: Floats
    """Shape (K, K)."""
    floors: tuple[Floats, ...]
    """The one-way covariances that no variance of a two-way interval may fall below."""
    recipe: str
    clusters: dict[str, int]
    """The number of clusters of each kind."""

    @property
    def degrees_of_freedom(self) -> int | None:
        """Of Student's t: the smallest number of clusters less one; None (normal) without clusters."""
        return min(self.clusters.values()) - 1 if self.clusters else None

    def variances(self, contrasts: Floats) -> Floats:
        """Variances of sums of strengths, from weights of shape (n, K)."""
        return self._highest(
            lambda matrix: np.einsum("nk,kl,nl->n", contrasts, matrix, contrasts, optimize=True)
        )

    def difference_variances(self) -> Floats:
        """Shape (K, K): variances of strength i less strength j."""
        return self._highest(difference_variances)

    def _highest(self, variances: Callable[[Floats], Floats]) -> Floats:
        highest: Floats = np.max([variances(matrix) for matrix in (self.matrix, *self.floors)], axis=0)
        return highest

    def quantile(self, tail: float) -> float:
        """The number of standard errors that leaves probability `tail` above it."""
        dof = self.degrees_of_freedom
        return float(-ndtri(tail) if dof is None else -stdtrit(dof, tail))


def choose_clusters(votes: Votes, asked: Sequence[str] | None) -> tuple[str, ...]:
    """The cluster columns to use: those asked for, or by default all that the votes have."""
    recorded = tuple(name for name in CLUSTERS if getattr(votes, name) is not None)
    if asked is None:
        return recorded
    for name in asked:
        if name not in recorded:
            raise ValueError(
                f"Cannot cluster by {name!r}: the votes have no such column. "
                f"They have: {', '.join(recorded) or 'none'}; known: {', '.join(CLUSTERS)}; () is for none."
            )
    return tuple(name for name in CLUSTERS if name in asked)


def estimate(votes: Votes, tally: Tally, solution: Solution, clusters: Sequence[str]) -> Covariance:
    """Estimate the covariance of the strengths.

    Without clusters, votes are taken as independent. With two, the covariance is that of one plus that of the
    other less that of their intersection, negative eigenvalues set to zero (Cameron, Gelbach and Miller 2011,
    Journal of Business & Economic Statistics 29, section 2), with the one-way covariances as floors.

    Raises:
        ValueError: as in `jackknife`.
    """
    columns = {name: cast("NDArray[np.unsignedinteger]", getattr(votes, name)) for name in clusters}
    sizes = {name: int(column.max()) + 1 for name, column in columns.items()}
    if not columns:
        return Covariance(_independent(tally, solution), (), "sandwich for independent votes", sizes)
    one_way = tuple(jackknife(votes, solution, column, name) for name, column in columns.items())
    if len(one_way) == 1:
        return Covariance(one_way[0], (), f"CR3 by {clusters[0]}", sizes)
    both = jackknife(votes, solution, _intersection(*columns.values()), " and ".join(clusters))
    repaired = _positive_semidefinite(one_way[0] + one_way[1] - both)
    recipe = f"two-way CR3 by {' and '.join(clusters)}, floored at the one-way standard errors"
    return Covariance(repaired, one_way, recipe, sizes)


def _independent(tally: Tally, solution: Solution) -> Floats:
    """H^+ M H^+, where M sums each vote's squared score (Huber 1967; White 1982, Econometrica 50)."""
    surprise = (HALF_CREDIT - win_probabilities(solution.strengths)[:, :, None]) ** 2
    squared = (tally.counts * surprise).sum(axis=2)
    bread = centred_inverse(solution.information)
    return bread @ laplacian(squared + squared.T) @ bread


def _intersection(
    first: NDArray[np.unsignedinteger], second: NDArray[np.unsignedinteger]
) -> NDArray[np.intp]:
    cell = first.astype(np.int64) * (int(second.max()) + 1) + second
    return np.unique(cell, return_inverse=True)[1]


def _positive_semidefinite(matrix: Floats) -> Floats:
    values, vectors = np.linalg.eigh(matrix)
    repaired: Floats = (vectors * np.maximum(values, 0)) @ vectors.T
    return repaired
