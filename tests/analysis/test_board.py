from __future__ import annotations

import itertools
import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis import MINIMUM, Board, Cell, build_board
from elo import NotIdentified, fit
from tests.factories_elo import Cell as VoteCell
from tests.factories_elo import World, votes_of

VOTES = votes_of(
    VoteCell("x", "y", "a", 6, prompt=1, rater=1),
    VoteCell("y", "x", "a", 2, prompt=2, rater=2),
    VoteCell("z", "y", "tie", 3, prompt=3, rater=1),
    VoteCell("z", "y", "both_bad", 1, prompt=3, rater=3),
    clustered=True,
)


@pytest.fixture
def board() -> Board:
    return build_board(VOTES, clusters=())


def test_rows_are_those_of_the_fit() -> None:
    votes = World(votes=800).draw(1)
    rows, board = fit(votes, clusters=["prompt", "rater"]).rows(), build_board(votes)
    assert board.contenders == tuple(row.contender for row in rows)
    for mine, theirs in zip(board.rows, rows, strict=True):
        assert (mine.rating, mine.lower, mine.upper) == (theirs.rating, theirs.lower, theirs.upper)
        assert (mine.rank, mine.rank_low, mine.rank_high, mine.tier) == theirs[5:9]


def test_a_newcomer_doesnt_keep_tiers_together() -> None:
    """Alone, the newcomer's places reach from the first to the last; the others stay apart."""
    names = ("top", "middle", "bottom")
    known = [
        VoteCell(above, below, outcome, 60 if outcome == "a" else 4, prompt=prompt, rater=prompt)
        for above, below in itertools.combinations(names, 2)
        for outcome in "ab"
        for prompt in range(1, 7)
    ]
    new = [VoteCell("new", "middle", outcome, prompt=1, rater=1) for outcome in "ab"]
    before = build_board(votes_of(*known, clustered=True), clusters=())
    after = build_board(votes_of(*known, *new, clustered=True), clusters=())
    tiers = {row.contender: row.tier for row in after.rows}
    assert [row.tier for row in before.rows] == [1, 2, 3]
    assert [tiers[name] for name in names] == [1, 2, 3]
    newcomer = next(row for row in after.rows if row.contender == "new")
    assert newcomer.is_preliminary
    assert (newcomer.rank_low, newcomer.rank_high) == (1, 4)


def test_a_board_of_preliminary_ratings_is_one_tier() -> None:
    board = build_board(votes_of(VoteCell("x", "y", "a", 40), VoteCell("x", "y", "b", 1)))
    assert [row.tier for row in board.rows] == [1, 1]


def test_each_contender_has_its_votes_raters_and_prompts(board: Board) -> None:
    rows = {row.contender: row for row in board.rows}
    assert rows["x"][8:] == (8, 6, 2, 0, 0, 0.75, 2, 2)
    assert rows["y"][8:] == (12, 2, 6, 3, 1, 4 / 12, 3, 3)
    assert rows["z"][8:] == (4, 0, 0, 3, 1, 0.5, 2, 1)


def test_raters_and_prompts_that_were_not_recorded_are_not_counted() -> None:
    board = build_board(votes_of(VoteCell("x", "y", "tie")))
    assert [(row.raters, row.prompts) for row in board.rows] == [(None, None)] * 2
    assert (board.settings["raters"], board.settings["prompts"]) == (None, None)


def test_the_matrix_is_in_the_order_of_the_rows(board: Board) -> None:
    assert board.contenders == ("x", "y", "z")
    assert board.matrix == (
        (Cell(None, 0), Cell(0.75, 8), Cell(None, 0)),
        (Cell(0.25, 8), Cell(None, 0), Cell(0.5, 4)),
        (Cell(None, 0), Cell(0.5, 4), Cell(None, 0)),
    )


def test_the_matrix_follows_the_ranking_not_the_names() -> None:
    board = build_board(votes_of(VoteCell("b", "a", "a", 3), VoteCell("b", "a", "b", 1)))
    assert board.contenders == ("b", "a")
    assert board.matrix[0][1] == Cell(0.75, 4)


@given(st.integers(0, 200), st.integers(1, 400))
def test_the_two_whole_per_cents_of_a_pair_add_up(half_wins: int, votes: int) -> None:
    won = min(half_wins, 2 * votes) / 2
    one, other = Cell(won / votes, votes), Cell((votes - won) / votes, votes)
    assert one.percent is not None
    assert other.percent is not None
    assert one.percent + other.percent == 100
    assert abs(one.percent - 100 * won / votes) <= 0.5 + 1e-6


@pytest.mark.parametrize(("raters", "prompts"), [(1, 1), (None, None)])
def test_a_rating_of_enough_evidence_is_not_preliminary(raters: int | None, prompts: int | None) -> None:
    """What votes don't record is not asked for."""
    row = build_board(votes_of(VoteCell("x", "y", "tie"))).rows[0]
    enough = row._replace(
        votes=MINIMUM.votes, raters=raters and MINIMUM.raters, prompts=prompts and MINIMUM.prompts
    )
    assert not enough.is_preliminary
    assert enough._replace(votes=MINIMUM.votes - 1).is_preliminary


@pytest.mark.parametrize("field", MINIMUM._fields)
def test_a_rating_is_preliminary_below_any_minimum(field: str) -> None:
    row = build_board(votes_of(VoteCell("x", "y", "tie"))).rows[0]._replace(**MINIMUM._asdict())
    assert not row.is_preliminary
    assert row._replace(**{field: getattr(MINIMUM, field) - 1}).is_preliminary


def test_settings_say_how_the_board_was_made() -> None:
    votes = World(votes=800, raters=20, prompts=30).draw(1)
    settings = build_board(votes, clusters=["prompt"], anchor=("m03", 1500.0), level=0.9).settings
    assert json.loads(json.dumps(settings)) == settings
    assert settings["method"] == "bradley-terry"
    assert settings["covariance"] == (
        "CR3 by prompt, floored at those of independent votes and the model's where votes or clusters are few"
    )
    assert (settings["clusters"], settings["level"], settings["anchor"]) == (["prompt"], 0.9, ["m03", 1500.0])
    assert (settings["votes"], settings["raters"], settings["prompts"]) == (800, 20, 30)
    assert settings["degrees_of_freedom"] == 29


def test_votes_that_identify_no_ratings_make_no_board() -> None:
    with pytest.raises(NotIdentified, match="x won everything"):
        build_board(votes_of(VoteCell("x", "y", "a")))


def test_importing_loads_no_django_pandas_or_matplotlib() -> None:
    program = "import sys, analysis; sys.exit(bool({'django', 'pandas', 'matplotlib'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
