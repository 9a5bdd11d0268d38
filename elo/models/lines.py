"""Features of single votes, found again by their prompt and rater however many there are."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from elo.arrays import Floats

Integers = NDArray[np.integer[Any]]

MOST_LATE = 4096
"""Lines that wait unsorted."""


class Columns(NamedTuple):
    """Lines as columns, shape (N,) each."""

    key: Integers
    """Prompt and rater in one number."""
    column: Integers
    """Column of the feature."""
    weight: NDArray[np.float32]
    """Share of the vote times its sign."""

    def take(self, places: Integers) -> Columns:
        """Return the lines at these places, shape (n,)."""
        return Columns(self.key[places], self.column[places], self.weight[places])


NONE = Columns(np.zeros(0, np.int64), np.zeros(0, np.int32), np.zeros(0, np.float32))


class Lines:
    """Lines sorted by key, and late ones that wait to be sorted in: adding and finding a few costs little."""

    def __init__(self, lines: Columns = NONE) -> None:
        """Begin with lines that are sorted by key."""
        self._sorted = lines
        self._late = NONE

    def add(self, key: Integers, column: Integers, weight: Floats) -> None:
        """Add lines, shape (N,) each."""
        self._late = _joined(self._late, Columns(key, column, weight.astype(np.float32)))
        if len(self._late.key) > MOST_LATE:
            self._sorted, self._late = self.sorted(), NONE

    def sorted(self) -> Columns:
        """Return all lines, sorted by key."""
        if not len(self._late.key):
            return self._sorted
        every = _joined(self._sorted, self._late)
        return every.take(np.argsort(every.key, kind="stable"))

    def of(self, keys: Integers) -> Columns:
        """Return the lines with these keys, shape (n,), which are sorted."""
        start, stop = (
            np.searchsorted(self._sorted.key, keys),
            np.searchsorted(self._sorted.key, keys, "right"),
        )
        length = stop - start
        places = np.repeat(stop - np.cumsum(length), length) + np.arange(length.sum())
        late = self._late.take(np.flatnonzero(np.isin(self._late.key, keys)))
        return _joined(self._sorted.take(places), late)


def _joined(first: Columns, second: Columns) -> Columns:
    key = np.concatenate((first.key, second.key))
    column = np.concatenate((first.column, second.column.astype(np.int32)))
    return Columns(key, column, np.concatenate((first.weight, second.weight)))
