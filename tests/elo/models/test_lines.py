from __future__ import annotations

import numpy as np

from elo.models.lines import MOST_LATE, Lines

SIZE = 3 * MOST_LATE


def _draw(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.integers(0, 500, SIZE), rng.integers(0, 9, SIZE), rng.integers(1, 3, SIZE) / 2


def _by_hand(lines: list[tuple[int, int, float]], keys: set[int]) -> list[tuple[int, int, float]]:
    return sorted(line for line in lines if line[0] in keys)


def test_lines_are_found_again_by_key_whether_sorted_in_or_late() -> None:
    key, column, weight = _draw(1)
    lines = Lines()
    for part in (slice(0, MOST_LATE + 5), slice(MOST_LATE + 5, MOST_LATE + 9), slice(MOST_LATE + 9, None)):
        lines.add(key[part], column[part], weight[part])
        so_far = slice(0, part.stop)
        every = list(zip(key[so_far].tolist(), column[so_far].tolist(), weight[so_far].tolist(), strict=True))
        found = lines.of(np.array([3, 4, 499, 900]))
        told = sorted(zip(found.key.tolist(), found.column.tolist(), found.weight.tolist(), strict=True))
        assert told == _by_hand(every, {3, 4, 499, 900})


def test_all_lines_come_sorted_by_key_and_can_be_begun_with() -> None:
    key, column, weight = _draw(2)
    lines = Lines()
    lines.add(key[:7], column[:7], weight[:7])
    lines.add(key, column, weight)
    kept = lines.sorted()
    assert (np.diff(kept.key) >= 0).all()
    assert len(kept.key) == SIZE + 7
    for mine, theirs in zip(Lines(kept).of(np.array([5])), lines.of(np.array([5])), strict=True):
        np.testing.assert_array_equal(mine, theirs)
    assert not len(Lines().of(np.array([5])).key)
