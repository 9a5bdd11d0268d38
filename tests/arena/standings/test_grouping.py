from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np
import pytest
from numpy.typing import NDArray

from arena.standings.clip_facts import ClipFacts, Places
from arena.standings.grouping import KEPT, Entries, Groups
from arena.standings.slices import WHOLE, Slice
from elo.models.specification import Specification

MUSIC = Slice(tag="music")


class _Facts:
    """Four clips of two contenders on two prompts, of which the second is about music."""

    prompt_numbers = (0, 0, 1, 1)

    def numbered_contenders(self) -> tuple[tuple[str, ...], Places]:
        return ("ant", "bee"), np.array([0, 1, 0, 1])


def _inside(part: Slice, entries: Entries) -> NDArray[np.bool_]:
    is_about_music: NDArray[np.bool_] = entries["a"] >= 2
    return is_about_music


def _taken(part: Slice, *votes: Sequence[int]) -> Groups:
    """Take votes one by one, each a time, the clip on side a, and a sign."""
    groups = Groups(("ant", "bee"), part, Specification())
    entries: Entries = np.array([(at, a, a + 1, 0, 0, sign, 0) for at, a, sign in votes], dtype=KEPT)
    for number in range(1, len(entries) + 1):
        groups.take(entries[:number], cast(ClipFacts, _Facts()), _inside)
    return groups


@pytest.mark.parametrize(
    ("part", "votes", "latest"),
    [
        (WHOLE, [(5, 0, 1), (3, 2, 1)], 5),
        (MUSIC, [(5, 0, 1), (3, 2, 1)], 3),
        (MUSIC, [(5, 0, 1), (3, 2, 1), (4, 2, 1), (9, 0, 1)], 4),
        (MUSIC, [(5, 0, 1)], None),
        (WHOLE, [(5, 0, 1), (7, 0, 1), (5, 0, -1)], 7),
        (WHOLE, [(5, 0, 1), (7, 0, 1), (7, 0, -1)], None),
        (WHOLE, [(5, 0, 1), (7, 0, 1), (7, 0, -1), (9, 0, 1)], None),
    ],
)
def test_the_time_of_the_last_vote_is_known_unless_that_vote_was_taken_back(
    part: Slice, votes: list[Sequence[int]], latest: int | None
) -> None:
    assert _taken(part, *votes).latest == latest
