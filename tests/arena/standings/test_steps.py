from __future__ import annotations

import pytest

from analysis.board import lay_out_board
from arena.standings.boards import current_standing
from arena.standings.steps import judge_leader, steps_down
from arena.voting.models import Study
from elo import Ratings, fit
from elo.study import plan_separation
from tests.factories_elo import World

TRACK = "t2v-audio"


@pytest.fixture(scope="module")
def ratings() -> Ratings:
    """Twelve contenders, of whom some neighbours are distinct and some are not."""
    return fit(World(votes=3000, raters=60, prompts=60).draw(3), clusters=("prompt", "rater"))


def test_each_two_neighbours_have_a_step(ratings: Ratings) -> None:
    board = lay_out_board(ratings, None, None)
    steps = steps_down(board, ratings)
    assert [(step.higher, step.lower) for step in steps] == list(
        zip(board.contenders, board.contenders[1:], strict=False)
    )
    for step in steps:
        assert step.difference == pytest.approx(ratings.difference(step.higher, step.lower))


def test_a_distinct_step_needs_no_more_votes_and_another_as_many_as_planned(ratings: Ratings) -> None:
    steps = steps_down(lay_out_board(ratings, None, None), ratings)
    assert {step.is_distinct for step in steps} == {True, False}
    for step in steps:
        if step.is_distinct:
            assert step.votes_needed == 0
        elif step.votes_needed is not None:
            plan = plan_separation(ratings, step.higher, step.lower)
            wanted = plan.growth * ratings.diagnostics.votes
            assert step.votes_needed == pytest.approx(wanted - ratings.diagnostics.votes, abs=1)


def test_a_leader_far_ahead_is_shown_and_one_of_a_close_field_is_not(ratings: Ratings) -> None:
    ahead = fit(World(contenders=2, votes=900, raters=60, prompts=60, spread=2).draw(0), clusters=("rater",))
    assert judge_leader(ahead).is_shown
    leader = judge_leader(ratings)
    assert leader.contender == ratings.rows()[0].contender


def test_few_raters_show_no_leader() -> None:
    ahead = fit(World(contenders=2, votes=900, raters=8, prompts=60, spread=2).draw(0), clusters=("rater",))
    assert not judge_leader(ahead).is_shown


@pytest.mark.django_db
def test_a_standing_has_steps_leader_and_shares(rated_study: Study) -> None:
    standing = current_standing(study=rated_study, track=TRACK)
    assert standing.board is not None
    assert standing.leader is not None
    assert standing.leader.contender == standing.board.contenders[0]
    assert [step.higher for step in standing.steps] == list(standing.board.contenders[:-1])
    assert (standing.prompts, standing.raters) == (3, 4)
    assert standing.recipe.startswith("two-way CR3 by prompt and rater")
    for row in standing.board.rows:
        lost = row.losses / row.votes
        assert row.win_share + lost + row.tie_share + row.both_bad_share == pytest.approx(1)
