"""Entries of a board by the pair of contenders that they are on, so that one is found without the rest."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from arena.standings.grouping import Entries

MOST_LATE = 16_384
"""Entries that wait to be sorted in; they are looked through one by one."""


class PairIndex:
    """Places of the entries on each two contenders, whichever of them was on side a."""

    def __init__(self) -> None:
        """Begin without entries."""
        self._names: tuple[str, ...] = ()
        self._covered = 0
        self._order = np.zeros(0, dtype=np.int32)
        self._starts = np.zeros(1, dtype=np.intp)

    def of(
        self, entries: Entries, names: tuple[str, ...], number: NDArray[np.intp], pair: tuple[str, str]
    ) -> Entries:
        """Return the entries on two contenders, shape (n,).

        Args:
            entries: all entries; each call has those of the call before it, in the same order.
            names: the contenders, sorted.
            number: place in `names` of each rendition.
            pair: slugs of the two.
        """
        if not set(pair) <= set(names):
            return entries[:0]
        if names != self._names or len(entries) - self._covered > MOST_LATE:
            self._sort(entries, names, number)
        code = int(_codes(np.array([names.index(pair[0])]), np.array([names.index(pair[1])]), len(names))[0])
        sorted_in = self._order[self._starts[code] : self._starts[code + 1]]
        late = entries[self._covered :]
        found = late[_codes(number[late["a"]], number[late["b"]], len(names)) == code]
        return np.concatenate((entries[sorted_in], found))

    def _sort(self, entries: Entries, names: tuple[str, ...], number: NDArray[np.intp]) -> None:
        code = _codes(number[entries["a"]], number[entries["b"]], len(names))
        self._names, self._covered = names, len(entries)
        self._order = np.argsort(code, kind="stable").astype(np.int32)
        self._starts = np.searchsorted(code[self._order], np.arange(len(names) ** 2 + 1))


def _codes(a: NDArray[np.intp], b: NDArray[np.intp], size: int) -> NDArray[np.intp]:
    """Return one number for each unordered pair of places among `size`, shape (N,)."""
    codes: NDArray[np.intp] = np.minimum(a, b) * size + np.maximum(a, b)
    return codes
