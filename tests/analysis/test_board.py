from __future__ import annotations

import json
import subprocess
import sys

import pytest

from analysis import Board, Cell, build_board
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
