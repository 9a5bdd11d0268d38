from __future__ import annotations

import numpy as np
import pytest

from elo import Votes
from tests.factories_elo import Cell, votes_of

VOTES = votes_of(
    Cell("x", "y", "a", 3), Cell("y", "x", "a", 1), Cell("x", "y", "tie", 2), Cell("z", "y", "both_bad", 4)
)


def test_counts_are_by_pair_side_and_outcome() -> None:
    counts = VOTES.tally().counts
    assert counts[0, 1].tolist() == [3, 0, 2, 0]
    assert counts[1, 0].tolist() == [1, 0, 0, 0]
    assert counts[2, 1].tolist() == [0, 0, 0, 4]
    assert counts.sum() == 10


def test_each_contender_has_its_sums() -> None:
    tally = VOTES.tally()
    assert tally.votes.tolist() == [6, 10, 4]
    assert tally.wins.tolist() == [3, 1, 0]
    assert tally.losses.tolist() == [1, 3, 0]
    assert tally.ties.tolist() == [2, 2, 0]
    assert tally.both_bad.tolist() == [0, 4, 4]


def test_ties_and_both_bad_are_half_a_win_to_each_side() -> None:
    tally = VOTES.tally()
    assert tally.credit.tolist() == [[0, 4, 0], [2, 0, 2], [0, 2, 0]]
    np.testing.assert_array_equal(
        tally.win_rates, [[np.nan, 4 / 6, np.nan], [2 / 6, np.nan, 0.5], [np.nan, 0.5, np.nan]]
    )


def test_tallies_of_the_same_contenders_merge() -> None:
    merged = VOTES.tally() + VOTES.tally()
    assert merged.contenders == ("x", "y", "z")
    np.testing.assert_array_equal(merged.counts, 2 * VOTES.tally().counts)


def test_tallies_of_different_contenders_do_not_merge() -> None:
    other = Votes.from_columns(contender_a=["x"], contender_b=["y"], outcome=["a"]).tally()
    with pytest.raises(ValueError, match="different contenders: x, y, z and x, y"):
        VOTES.tally() + other
