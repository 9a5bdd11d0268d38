"""Sums over the clusters of millions of rows by compiled loops, with the rows sorted once for all of them.

Scores and informations are those of K.-Y. Liang, S. L. Zeger, Biometrika 73 (1986).
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from elo.arrays import Floats
from elo.intervals import compiled
from elo.intervals.rows import Rows
from elo.intervals.scores import Fitted
from elo.votes.counting import threads

Integers = NDArray[np.integer[Any]]


@dataclass(frozen=True, eq=False)
class CellTables:
    """Contributions of one vote of each cell, laid out for compiled loops."""

    members: Integers
    """Parameters that a cell informs about, shape (C, I)."""
    values: Floats
    """Score, shape (C, I)."""
    information: Floats
    """Information, shape (C, I, I), or about the difference of the two members, shape (C,)."""
    meetings: int
    """Number of meetings; cells that differ in the outcome alone are this far apart."""
    same: bool
    """Whether the information does not depend on the outcome: a table of the meetings then does."""
    parameters: int

    @classmethod
    def of(cls, fitted: Fitted) -> CellTables:
        """Lay out the scores and informations of a fit."""
        information = np.ascontiguousarray(fitted.informations.transpose(2, 0, 1))
        meetings = fitted.cells.meetings
        by_outcome = information.reshape(-1, meetings, *information.shape[1:])
        same = bool((by_outcome == by_outcome[0]).all())
        information = by_outcome[0] if same else information
        return cls(
            members=np.ascontiguousarray(fitted.scores.members.T, dtype=np.int32),
            values=np.ascontiguousarray(fitted.scores.values.T),
            information=_of_differences(information),
            meetings=meetings,
            same=same,
            parameters=fitted.scores.parameters,
        )


def _of_differences(information: Floats) -> Floats:
    """Return the curvature, shape (C,), where each matrix is curvature times (1, -1; -1, 1)."""
    if information.shape[1:] != (2, 2):
        return information
    curvature = information[:, 0, 0]
    difference = np.array([[1.0, -1.0], [-1.0, 1.0]])
    alike = np.array_equal(information, curvature[:, None, None] * difference)
    return np.ascontiguousarray(curvature) if alike else information


@dataclass(frozen=True, eq=False)
class SortedRows:
    """Rows of some clusters, which lie in ranges of rows sorted by cluster."""

    starts: Integers
    """First row of each cluster, shape (G,)."""
    stops: Integers
    """Row after the last one of each cluster, shape (G,)."""
    cell: Integers
    """Cell of each sorted row, shape (N,)."""
    weight: Floats
    """Weight of each sorted row, shape (N,)."""
    tables: CellTables

    def of(self, clusters: Integers) -> SortedRows:
        """Return some of the clusters, given by their places, shape (g,)."""
        return replace(self, starts=self.starts[clusters], stops=self.stops[clusters])

    def by_meeting(self) -> SortedRows:
        """Return these rows for products alone, which are quicker where the outcome plays no part in them."""
        meetings = self.tables.meetings
        return replace(self, cell=self.cell % np.int32(meetings)) if self.tables.same else self

    def scores(self) -> Floats:
        """Return each cluster's summed score, shape (G, P)."""
        from elo.intervals import sorted_kernels  # numba may not be installed

        table = np.zeros((len(self.starts), self.tables.parameters))

        def add(first: int, last: int) -> None:
            rows, tables = (self.cell, self.weight), (self.tables.members, self.tables.values)
            own = slice(first, last)
            sorted_kernels.add_scores(self.starts[own], self.stops[own], *rows, *tables, table[own])

        compiled.in_threads(add, self._ranges)
        return table

    def multiply(self, vectors: Floats) -> Floats:
        """Multiply a vector for each cluster by that cluster's information, shape (G, P)."""
        from elo.intervals import sorted_kernels

        tables, products = (self.tables.members, self.tables.information), np.zeros_like(vectors)
        loop = sorted_kernels.multiply_information
        if self.tables.information.ndim == 1:
            loop = sorted_kernels.multiply_differences

        def add(first: int, last: int) -> None:
            own, rows = slice(first, last), (self.cell, self.weight)
            loop(self.starts[own], self.stops[own], *rows, *tables, vectors[own], products[own])

        compiled.in_threads(add, self._ranges)
        return products

    def squared_votes(self, contenders: int) -> Floats:
        """Return the sum over clusters of squared votes on each contender, shape (K,)."""
        from elo.intervals import sorted_kernels

        def add(first: int, last: int) -> Floats:
            own, squares = slice(first, last), np.zeros(contenders)
            rows = self.cell, self.weight, self.tables.members
            sorted_kernels.add_squared_votes(self.starts[own], self.stops[own], *rows, squares)
            return squares

        return np.asarray(np.sum(compiled.in_threads(add, self._ranges), axis=0))

    @cached_property
    def _ranges(self) -> list[tuple[int, int]]:
        """Ranges of clusters with about as many rows each, one for each thread."""
        ends = np.cumsum(self.stops - self.starts)
        wanted = np.linspace(0, ends[-1], threads() + 1)[1:-1]
        edges = [0, *np.searchsorted(ends, wanted).tolist(), len(ends)]
        return list(itertools.pairwise(edges))


def sort_rows(fitted: Fitted, rows: Rows) -> SortedRows:
    """Return all rows of a fit, sorted by cluster."""
    cell, bounds, weight = rows.by_cluster
    return SortedRows(bounds[:-1], bounds[1:], cell, weight, CellTables.of(fitted))
