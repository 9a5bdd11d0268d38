from __future__ import annotations

import numpy as np
import pytest

from arena.standings.grouping import KEPT, Entries
from arena.standings.pairs import MOST_LATE, PairIndex

NAMES = ("ant", "bee", "cat", "dog")
NUMBER = np.array([0, 1, 2, 3, 2, 1], dtype=np.intp)
"""Contender of each of six renditions."""


def _entries(size: int) -> Entries:
    rng = np.random.default_rng(size)
    entries = np.zeros(size, KEPT)
    entries["at"] = np.arange(size)
    entries["a"] = rng.integers(0, 6, size)
    entries["b"] = rng.integers(0, 6, size)
    return entries


def _by_hand(entries: Entries, one: int, other: int) -> list[int]:
    a, b = NUMBER[entries["a"]], NUMBER[entries["b"]]
    on_both = ((a == one) & (b == other)) | ((a == other) & (b == one))
    return np.flatnonzero(on_both).tolist()


@pytest.mark.parametrize("pair", [("bee", "dog"), ("dog", "bee")])
def test_entries_of_a_pair_are_found_whichever_contender_was_on_side_a(pair: tuple[str, str]) -> None:
    index, entries = PairIndex(), _entries(2 * MOST_LATE + 9)
    for size in (0, 5, MOST_LATE + 7, MOST_LATE + 8, len(entries)):
        found = index.of(entries[:size], NAMES, NUMBER, pair)
        assert sorted(found["at"].tolist()) == _by_hand(entries[:size], 1, 3)


def test_another_contender_renumbers_the_pairs() -> None:
    index, entries = PairIndex(), _entries(500)
    index.of(entries, NAMES, NUMBER, ("ant", "bee"))
    names, number = ("aardvark", *NAMES), NUMBER + 1
    found = index.of(entries, names, number, ("cat", "dog"))
    assert sorted(found["at"].tolist()) == _by_hand(entries, 2, 3)


def test_a_contender_without_votes_has_no_entries() -> None:
    assert not len(PairIndex().of(_entries(9), NAMES, NUMBER, ("ant", "elk")))
