"""Least variance that few votes, or votes of few clusters, must have: a share of the model's."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from elo.arrays import Floats
from elo.intervals import compiled
from elo.intervals.cluster_counts import ClusterCounts
from elo.intervals.rows import Rows
from elo.intervals.scores import Fitted
from elo.intervals.sorted_rows import sort_rows
from elo.models.design import summed

FEW_VOTES = 10
"""Votes up to which the model's variance is the least. By the rule of three (Hanley and Lippman-Hand 1983,
Journal of the American Medical Association 249), n votes without scatter leave room for the scatter of three
votes at 95 %; ten is on the safe side of it."""
FEW_CLUSTERS = 5
"""Effective clusters below which the floor is full; each holds many votes, and Student's t allows for G."""
NEGLIGIBLE_SHARE = 0.1
"""Share of the model's variance below which a bound on the share will do in its place."""
DENSE = 20_000_000
"""Cells of a table of clusters by contenders, 160 MB, above which it is made by sorting."""


def model_floor(fitted: Fitted, kinds: Sequence[Rows | ClusterCounts] = ()) -> Floats:
    """Return the covariance below which no variance may fall, H^-1 (sum_v share_v I_v) H^-1, shape (P, P).

    A sandwich without residuals is zero: three ties would rate a contender as surely as a thousand votes.
    So each vote v keeps a share of the information I_v that the model gives it as variance of its score.
    The share is min(1, max(10 h, 5 c)). h is the vote's leverage, 1/n for one of n votes that alone hold some
    direction. c is the concentration of the votes of either contender on clusters, 1/G for G equal ones (Kish
    1965). With all shares one the floor is the inverse information, the model-based variance. With many votes
    of many clusters it is next to nothing.

    Args:
        fitted: the optimum.
        kinds: the rows by each kind of cluster.
    """
    scores, members = fitted.scores, fitted.scores.members
    share = FEW_VOTES * _leverage(fitted)
    for rows in kinds:
        concentration = _concentration(fitted, rows)
        share = np.maximum(share, FEW_CLUSTERS * concentration[members[:2]].max(axis=0))
    kept = fitted.informations * (np.minimum(share, 1) * scores.squares)
    size = scores.parameters
    places = members[:, None] * size + members[None]
    meat = summed(places, kept, size * size).reshape(size, size)
    bread = fitted.solution.inverse
    floor: Floats = bread @ meat @ bread
    return floor


def _leverage(fitted: Fitted) -> Floats:
    """Return the leverage of one vote of each cell, shape (C,), about the gap between its contenders."""
    members, counts = fitted.scores.members[:2], fitted.cells.counts.ravel()
    own = fitted.solution.inverse[members[:, None], members[None]]
    leverage: Floats = (own * fitted.informations[:2, :2]).sum(axis=(0, 1))
    counted = counts > 0
    leverage[counted] *= fitted.scores.squares[counted] / counts[counted]
    return leverage


def _concentration(fitted: Fitted, rows: Rows | ClusterCounts) -> Floats:
    """Return each contender's sum of squared votes by cluster over their squared sum, shape (K,).

    Where a bound shows that it is small, the bound stands for it: a pass over millions of rows less.
    """
    size, ends = fitted.problem.contenders, fitted.scores.members[:2]
    votes = _votes(fitted, ends)
    by_cluster = rows.votes
    bound: Floats = np.minimum(by_cluster.max() / votes, (by_cluster**2).sum() / votes**2)
    if not _matters(bound).any():
        return bound

    if isinstance(rows, ClusterCounts):
        by_contender = rows.by_contender
        bound = (by_contender * by_cluster).sum(axis=1) / votes**2
        squares: Floats = (by_contender**2).sum(axis=1) / votes**2
        return np.where(_matters(bound), squares, bound)
    if compiled.worth_compiling(len(rows.cell)):
        return sort_rows(fitted, rows).squared_votes(size) / votes**2

    # A tighter bound: each vote counts all votes of its cluster, whoever they are on.
    for_each_row = rows.weight * by_cluster[rows.cluster]
    by_end = [np.bincount(end[rows.cell], for_each_row, size) for end in ends]
    bound = np.sum(by_end, axis=0) / votes**2
    scarce = _matters(bound)
    return np.where(scarce, _squares_by_cluster(rows, ends, scarce) / votes**2, bound)


def _votes(fitted: Fitted, ends: NDArray[np.intp]) -> Floats:
    """Return the votes on each contender that the model uses, shape (K,), above 0."""
    used = (fitted.labels.max(axis=1) > 0).repeat(fitted.cells.meetings)
    counts = fitted.cells.counts.ravel() * used
    votes = summed(ends, np.stack((counts, counts)), fitted.problem.contenders)
    return np.maximum(votes, np.finfo(float).tiny)


def _matters(concentration: Floats) -> NDArray[np.bool_]:
    matters: NDArray[np.bool_] = FEW_CLUSTERS * concentration > NEGLIGIBLE_SHARE
    return matters


def _squares_by_cluster(rows: Rows, ends: NDArray[np.intp], chosen: NDArray[np.bool_]) -> Floats:
    """Return the sum over clusters of squared votes, for the chosen contenders, shape (K,)."""
    size = len(chosen)
    kept = np.flatnonzero((chosen[ends[0]] | chosen[ends[1]])[rows.cell])
    key = (rows.cluster[kept].astype(np.int64) * size + ends[:, rows.cell[kept]]).ravel()
    weight = np.tile(rows.weight[kept], 2)
    if rows.groups * size > DENSE:
        known, key = np.unique(key, return_inverse=True)
        return np.bincount(known % size, np.bincount(key, weight) ** 2, size).astype(np.float64)
    table = np.bincount(key, weight, rows.groups * size).reshape(rows.groups, size)
    squares: Floats = (table**2).sum(axis=0)
    return squares
