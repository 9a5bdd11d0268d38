"""The middle of the sandwich: products of scores, added up over what is taken to be independent."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from elo.intervals import compiled
from elo.intervals.scores import Scores
from elo.models.design import summed
from elo.votes.tally import Floats

DENSE = 20_000_000
"""Numbers in a table of all clusters' scores, 160 MB, above which it is kept sparse."""
BLOCK = 4_000_000
"""Numbers in a block of it that is multiplied at once."""


def independent_meat(scores: Scores) -> Floats:
    """Shape (P, P): sum over votes of score times score' (Huber 1967; White 1982, Econometrica 50)."""
    used, size = np.flatnonzero(scores.squares), scores.parameters
    values, members = scores.values[:, used], scores.members[:, used]
    products = values[:, None] * (values * scores.squares[used])
    return summed(members[:, None] * size + members[None], products, size * size).reshape(size, size)


def clustered_meat(scores: Scores, weight: Floats, cluster: NDArray[np.integer], groups: int) -> Floats:
    """Shape (P, P): sum over clusters of score times its transpose (Liang and Zeger 1986, Biometrika 73).

    Args:
        scores: of the cells.
        weight: shape (N,), what each row's votes count for together.
        cluster: shape (N,), each row's cluster as 0, 1, 2, ...
        groups: how many clusters there are.
    """
    if compiled.worth_compiling(len(cluster)):
        return compiled.clustered_meat(
            scores.members, scores.values, scores.parameters, _cells_of(scores), weight, cluster, groups
        )
    if groups * scores.parameters <= DENSE:
        dense = cluster_scores(scores, weight, cluster, groups)
        return dense.T @ dense
    rows, size = _cells_of(scores), scores.parameters
    members, values = scores.members, scores.values
    places = (np.tile(cluster, len(members)), members[:, rows].ravel())
    table = csr_array(((values[:, rows] * weight).ravel(), places), shape=(groups, size))
    meat = np.zeros((size, size))
    step = BLOCK // size + 1
    for first in range(0, groups, step):
        block = table[first : first + step].toarray()
        meat += block.T @ block
    return meat


def cluster_scores(scores: Scores, weight: Floats, cluster: NDArray[np.integer], groups: int) -> Floats:
    """Shape (G, P): each cluster's summed score; arguments as in `clustered_meat`."""
    rows, size = _cells_of(scores), scores.parameters
    total = np.zeros(groups * size)
    start = cluster.astype(np.intp) * size
    for member, value in zip(scores.members, scores.values, strict=True):
        total += np.bincount(start + member[rows], value[rows] * weight, groups * size)
    return total.reshape(groups, size)


def _cells_of(scores: Scores) -> NDArray[np.integer]:
    if scores.cell is None:
        raise ValueError("Clusters need the votes: a tally does not say who gave which.")
    return scores.cell
