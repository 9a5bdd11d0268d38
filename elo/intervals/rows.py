"""Rows of votes by cluster."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from elo.arrays import Floats
from elo.intervals import compiled
from elo.votes.counting import is_constant


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows of votes by cluster."""

    cluster: NDArray[np.integer]
    """Cluster of each row as 0, 1, 2, ... without a gap, shape (N,)."""
    cell: NDArray[np.integer]
    weight: Floats
    groups: int

    @cached_property
    def votes(self) -> Floats:
        """Votes of each cluster, shape (G,)."""
        if compiled.worth_compiling(len(self.cell)):
            return compiled.votes_by_cluster(self.weight, self.cluster, self.groups)
        return np.bincount(self.cluster, self.weight, self.groups).astype(np.float64)

    def sums(self, value: Floats) -> Floats:
        """Return each cluster's weighted sum of a value of its rows' cells, (C,) to (G,)."""
        if compiled.worth_compiling(len(self.cell)):
            return compiled.sum_by_cluster(value, self.cell, self.weight, self.cluster, self.groups)
        return np.bincount(self.cluster, self.weight * value[self.cell], self.groups).astype(np.float64)

    @cached_property
    def by_cluster(self) -> tuple[NDArray[np.integer], NDArray[np.integer], Floats]:
        """Cells sorted by cluster (N,), first row of each cluster and N (G + 1,), and weights (N,)."""
        if is_constant(self.weight):
            found = compiled.by_cluster(self.cluster, self.cell, self.groups)
            return found.item, found.bounds, self.weight
        order = compiled.by_cluster(self.cluster, np.arange(len(self.cell), dtype=np.int32), self.groups)
        return self.cell[order.item], order.bounds, self.weight[order.item]

    def of(self, chosen: NDArray[np.bool_]) -> Rows:
        """Return the rows of the chosen clusters, shape (G,), with the clusters renumbered."""
        if chosen.all():
            return self
        kept = np.flatnonzero(chosen[self.cluster])
        number = (np.cumsum(chosen) - 1).astype(np.min_scalar_type(self.groups))
        constant = is_constant(self.weight)
        weight = np.broadcast_to(self.weight[:1], len(kept)) if constant else self.weight[kept]
        return Rows(number[self.cluster[kept]], self.cell[kept], weight, int(chosen.sum()))

    def blocks(self, most: int) -> Iterator[Rows]:
        """Yield the rows of at most this many clusters at a time, sorted by cluster."""
        order = np.argsort(self.cluster, kind="stable")
        starts = range(0, self.groups, most)
        edges = np.searchsorted(self.cluster, [*starts, self.groups], sorter=order)
        for first, start, stop in zip(starts, edges[:-1], edges[1:], strict=True):
            rows = order[start:stop]
            last = min(first + most, self.groups)
            yield Rows(self.cluster[rows] - first, self.cell[rows], self.weight[rows], last - first)
