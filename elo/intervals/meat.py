"""The middle of the sandwich: products of scores, added up over what is taken to be independent.

P. J. Huber, "The behavior of maximum likelihood estimates under nonstandard conditions" (1967); by clusters
K.-Y. Liang, S. L. Zeger, Biometrika 73 (1986).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from elo.arrays import Floats
from elo.intervals import compiled
from elo.intervals.scores import Scores
from elo.models.design import summed

DENSE = 20_000_000
"""Numbers in a table of all clusters' scores, 160 MB, above which it is made in blocks of clusters."""
BLOCK = 4_000_000
"""Numbers in such a block."""


def independent_meat(scores: Scores) -> Floats:
    """Return the sum over votes of score times score', (P, P) (Huber 1967; White 1982, Econometrica 50)."""
    used, size = np.flatnonzero(scores.squares), scores.parameters
    values, members = scores.values[:, used], scores.members[:, used]
    products = values[:, None] * (values * scores.squares[used])
    return summed(members[:, None] * size + members[None], products, size * size).reshape(size, size)


def clustered_meat(scores: Scores, weight: Floats, cluster: NDArray[np.integer], groups: int) -> Floats:
    """Return the sum over clusters of score times its transpose, shape (P, P) (Liang and Zeger 1986).

    Args:
        scores: the cells' scores.
        weight: shape (N,), what each row's votes count for together.
        cluster: shape (N,), each row's cluster as 0, 1, 2, ...
        groups: how many clusters there are.
    """
    if compiled.worth_compiling(len(cluster)):
        return compiled.clustered_meat(_table(scores), _cells_of(scores), weight, cluster, groups)
    if groups * scores.parameters <= DENSE:
        dense = cluster_scores(scores, weight, cluster, groups)
        return dense.T @ dense
    order, size = np.argsort(cluster, kind="stable"), scores.parameters
    meat, step = np.zeros((size, size)), BLOCK // size + 1
    starts = np.searchsorted(cluster, range(0, groups + step, step), sorter=order)
    for block, rows in enumerate(np.split(order, starts[1:-1])):
        own = replace(scores, cell=_cells_of(scores)[rows])
        lines = cluster_scores(own, weight[rows], cluster[rows].astype(np.intp) - block * step, step)
        meat += lines.T @ lines
    return meat


def paired_meat(
    scores: Scores, weight: Floats, first: compiled.Column, second: compiled.Column
) -> compiled.PairProducts:
    """Return the meat (P, P) of rows clustered by both kinds at once, and facts about such pairs.

    Compiled only. Rows alone in their pair are like independent votes; only the others are added up.
    """
    found = compiled.pair_products(_table(scores), _cells_of(scores), weight, first, second)
    return found._replace(meat=found.meat + independent_meat(replace(scores, squares=found.singles)))


def cluster_scores(scores: Scores, weight: Floats, cluster: NDArray[np.integer], groups: int) -> Floats:
    """Return each cluster's summed score, shape (G, P); arguments as in `clustered_meat`."""
    rows, size = _cells_of(scores), scores.parameters
    total = np.zeros(groups * size)
    start = cluster.astype(np.intp) * size
    for member, value in zip(scores.members, scores.values, strict=True):
        total += np.bincount(start + member[rows], value[rows] * weight, groups * size)
    return total.reshape(groups, size)


def _table(scores: Scores) -> compiled.ScoreTable:
    return compiled.ScoreTable(scores.members, scores.values, scores.parameters)


def _cells_of(scores: Scores) -> NDArray[np.integer]:
    if scores.cell is None:
        raise ValueError("Clusters need the votes: a tally does not say who gave which.")
    return scores.cell
