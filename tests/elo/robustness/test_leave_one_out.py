from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from elo import Votes, fit
from elo.arrays import Floats
from elo.robustness.leave_one_out import leave_one_out
from tests.factories_elo import Cell, World, votes_of

VOTES = World(contenders=5, votes=600, raters=12, prompts=15, spread=0.4).draw(1)


def fit_without(votes: Votes, rater: int) -> Floats:
    assert votes.rater is not None
    rows = votes.rater != rater
    rest = replace(
        votes,
        contender_a=votes.contender_a[rows],
        contender_b=votes.contender_b[rows],
        outcome=votes.outcome[rows],
        weight=votes.weight[rows],
        rater=None,
        prompt=None,
    )
    return fit(rest, clusters=()).strengths


def test_each_row_is_the_fit_without_that_rater() -> None:
    found = leave_one_out(VOTES, "rater")
    assert found.exact
    assert found.labels == VOTES.rater_labels
    for rater in range(len(found.labels)):
        assert found.without[rater] == pytest.approx(fit_without(VOTES, rater), abs=1e-8)


def test_one_step_is_close_to_the_refit() -> None:
    exact = leave_one_out(VOTES, "prompt")
    fast = leave_one_out(VOTES, "prompt", exact_up_to=0)
    assert not fast.exact
    moved = np.abs(exact.without - exact.strengths).max()
    assert np.abs(fast.without - exact.without).max() < 0.05 * moved


def test_ranges_name_who_moves_the_rating_and_the_rank() -> None:
    found = leave_one_out(VOTES, "rater", scale=100.0)
    for row in found.rows():
        place = found.contenders.index(row.contender)
        ratings = 1000 + 100 * found.without[:, place]
        assert row.rating == pytest.approx(1000 + 100 * found.strengths[place])
        assert row.lowest == pytest.approx(min(ratings.min(), row.rating))
        assert row.highest == pytest.approx(max(ratings.max(), row.rating))
        assert row.lowest_without == found.labels[int(ratings.argmin())]
        ranks = (found.without > found.without[:, [place]]).sum(axis=1) + 1
        assert (row.best_rank, row.worst_rank) == (min(ranks.min(), row.rank), max(ranks.max(), row.rank))
    assert [row.rank for row in found.rows()] == [1, 2, 3, 4, 5]
    assert found.table()["contender"].tolist() == [row.contender for row in found.rows()]


def test_a_rater_on_whom_the_board_rests_alone_is_named() -> None:
    votes = votes_of(
        Cell("x", "y", "a", 3, 0, 0),
        Cell("x", "y", "b", 3, 0, 1),
        Cell("y", "z", "a", 2, 0, 2),
        Cell("y", "z", "b", 2, 0, 2),
        Cell("x", "y", "tie", 1, 0, 3),
        clustered=True,
    )
    for exact_up_to in (300, 0):
        found = leave_one_out(votes, "rater", exact_up_to=exact_up_to)
        assert found.undefined == (2,)
        assert {row.contender for row in found.rows()} == {"x", "y", "z"}
        assert all(np.isfinite([row.lowest, row.highest]).all() for row in found.rows())


def test_raters_names_go_with_their_votes() -> None:
    assert VOTES.rater is not None
    count = len(VOTES.rater_labels or ())
    renamed = replace(
        VOTES, rater=count - 1 - VOTES.rater, rater_labels=tuple(reversed(VOTES.rater_labels or ()))
    )
    rows, same = (leave_one_out(votes, "rater").rows() for votes in (VOTES, renamed))
    for one, other in zip(rows, same, strict=True):
        assert one.lowest_without == other.lowest_without
        assert one.lowest == pytest.approx(other.lowest)


def test_votes_without_the_column_or_with_one_cluster_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^Leaving one out needs to know each vote's prompt"):
        leave_one_out(replace(VOTES, prompt=None), "prompt")
    with pytest.raises(ValueError, match="Leaving one out needs 2 raters or more"):
        leave_one_out(votes_of(Cell("x", "y", "a"), Cell("x", "y", "b"), clustered=True), "rater")
