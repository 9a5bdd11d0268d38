from __future__ import annotations

import pytest

from elo import NotIdentified, Votes
from elo.models.cells import cells_of_tally
from elo.models.identification import require_connected, require_finite
from elo.models.specification import Specification
from elo.votes.tally import Tally
from tests.factories_elo import Cell, votes_of

HALF = Specification()


def require_identified(tally: Tally, specification: Specification = HALF) -> None:
    problem = specification.problem(cells_of_tally(tally, specification.regressors))
    require_connected(problem, tally.contenders)
    require_finite(problem, tally.contenders)


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
    with pytest.raises(NotIdentified, match="p, q won nothing against the others"):
        require_identified(votes.tally())


def test_whoever_is_between_the_extremes_is_not_blamed() -> None:
    votes = votes_of(Cell("top", "mid", "a"), Cell("mid", "low", "a"))
    with pytest.raises(NotIdentified) as refusal:
        require_identified(votes.tally())
    assert "mid" not in str(refusal.value)


DAVIDSON, RAO_KUPPER = Specification(ties="davidson"), Specification(ties="rao-kupper")


@pytest.mark.parametrize("model", [DAVIDSON, RAO_KUPPER])
def test_a_parameter_of_ties_needs_ties_and_decisions(model: Specification) -> None:
    decided = votes_of(Cell("x", "y", "a"), Cell("x", "y", "b"))
    with pytest.raises(NotIdentified, match=r"No vote is a tie, so log_\w+ has no finite estimate"):
        require_identified(decided.tally(), model)
    with pytest.raises(NotIdentified, match="Every vote is a tie"):
        require_identified(votes_of(Cell("x", "y", "tie", 4)).tally(), model)


@pytest.mark.parametrize("model", [DAVIDSON, RAO_KUPPER])
def test_ties_do_not_stand_in_for_losses_where_they_have_a_parameter(model: Specification) -> None:
    never_lost = votes_of(Cell("x", "y", "a", 5), Cell("x", "y", "tie", 3))
    require_identified(never_lost.tally())
    with pytest.raises(NotIdentified, match=r"No finite estimates exist: a change of .*log_"):
        require_identified(never_lost.tally(), model)
    require_identified((never_lost.tally() + votes_of(Cell("x", "y", "b")).tally()), model)


def test_dropped_ties_link_nobody() -> None:
    votes = votes_of(Cell("x", "y", "a"), Cell("x", "y", "tie"))
    with pytest.raises(NotIdentified, match="x won everything against the others"):
        require_identified(votes.tally(), Specification(ties="drop"))


def test_the_floor_is_a_contender() -> None:
    floor = Specification(both_bad="floor")
    good = votes_of(Cell("x", "y", "a"), Cell("x", "y", "b"))
    with pytest.raises(NotIdentified, match="the floor lost everything against the others"):
        require_identified(good.tally(), floor)
    require_identified(good.tally() + votes_of(Cell("x", "y", "both_bad")).tally(), floor)


def test_a_side_that_strengths_explain_as_well_is_named() -> None:
    one_way_round = votes_of(Cell("x", "y", "a", 3), Cell("x", "y", "b"))
    with pytest.raises(NotIdentified, match=r"cannot tell .*side.* apart"):
        require_identified(one_way_round.tally(), Specification(effects=("side",)))


def test_a_side_that_wins_every_vote_is_named() -> None:
    left = votes_of(Cell("x", "y", "a"), Cell("y", "x", "a"), Cell("y", "z", "a"), Cell("z", "y", "a"))
    require_identified(left.tally())
    with pytest.raises(NotIdentified, match=r"a change of .*side makes the votes ever more likely"):
        require_identified(left.tally(), Specification(effects=("side",)))
