from __future__ import annotations

import pytest

from elo import NotIdentified, Votes
from elo.models.identification import require_identified
from tests.factories_elo import Cell, votes_of


def test_a_cycle_of_wins_is_enough() -> None:
    require_identified(votes_of(Cell("x", "y", "a"), Cell("y", "z", "a"), Cell("z", "x", "a")).tally())


def test_a_single_tie_is_enough() -> None:
    require_identified(votes_of(Cell("x", "y", "both_bad")).tally())


def test_groups_that_never_met_are_named() -> None:
    votes = votes_of(Cell("u", "v", "tie"), Cell("x", "y", "tie"), Cell("y", "z", "tie"))
    with pytest.raises(NotIdentified, match=r"groups of contenders: u, v; x, y, z\."):
        require_identified(votes.tally())


def test_a_contender_without_votes_is_named() -> None:
    votes = Votes.from_columns(
        contender_a=["x"], contender_b=["y"], outcome=["tie"], contenders=["x", "y", "new"]
    )
    with pytest.raises(NotIdentified, match=r"groups of contenders: x, y; new\."):
        require_identified(votes.tally())


def test_an_unbeaten_contender_is_named() -> None:
    votes = votes_of(Cell("best", "x", "a", 9), Cell("x", "y", "tie"), Cell("y", "best", "b"))
    with pytest.raises(NotIdentified, match="best won everything against the others"):
        require_identified(votes.tally())


def test_a_winless_group_is_named() -> None:
    votes = votes_of(Cell("x", "y", "tie"), Cell("p", "q", "tie"), Cell("x", "p", "a"), Cell("q", "y", "b"))
    with pytest.raises(NotIdentified, match="p, q lost everything against the others"):
        require_identified(votes.tally())


def test_whoever_is_between_the_extremes_is_not_blamed() -> None:
    votes = votes_of(Cell("top", "mid", "a"), Cell("mid", "low", "a"))
    with pytest.raises(NotIdentified) as refusal:
        require_identified(votes.tally())
    assert "mid" not in str(refusal.value)
