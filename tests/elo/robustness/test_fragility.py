from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from elo.fit import ELO_SCALE
from elo.robustness.fragility import Fragile, fragility
from elo.robustness.refits import Refits
from tests.factories_elo import Cell, World, votes_of

VOTES = World(contenders=4, votes=300, raters=15, prompts=12, spread=0.3).draw(1)


def test_each_pair_of_neighbours_is_looked_at_by_votes_raters_and_prompts() -> None:
    rows = fragility(VOTES).rows
    strengths = Refits.of(VOTES, {}).full.strengths
    board = [VOTES.contenders[i] for i in (-strengths).argsort()]
    assert [(row.above, row.below) for row in rows[::3]] == list(itertools.pairwise(board))
    assert [row.kind for row in rows[:3]] == ["vote", "rater", "prompt"]
    assert [row.place for row in rows[::3]] == [1, 2, 3]
    assert [row.of for row in rows[:3]] == [300, VOTES.raters, VOTES.prompts]


def test_numbers_count_what_is_named() -> None:
    for row in fragility(VOTES).rows:
        assert row.needed is not None
        named = sum(each.votes for each in row.removed) if row.kind == "vote" else len(row.removed)
        assert row.needed == row.tried == named


def test_a_closer_pair_is_more_fragile() -> None:
    narrow = fragility(World(contenders=2, votes=400, spread=0.1).draw(0), kinds=("vote",)).rows[0]
    wide = fragility(World(contenders=2, votes=400, spread=2).draw(0), kinds=("vote",)).rows[0]
    assert narrow.gap < wide.gap
    assert narrow.needed is not None
    assert wide.needed is not None
    assert narrow.needed < wide.needed


def test_pairs_asked_for_are_turned_the_way_they_stand() -> None:
    board = fragility(VOTES, kinds=("vote",)).rows
    best, worst = board[0].above, board[-1].below
    (row,) = fragility(VOTES, pairs=[(worst, best)], kinds=("vote",)).rows
    assert (row.above, row.below, row.place) == (best, worst, 1)
    strengths = Refits.of(VOTES, {}).full.strengths
    assert row.gap == pytest.approx(ELO_SCALE * (strengths.max() - strengths.min()))


def test_a_line_says_what_flips() -> None:
    row = Fragile("x", "y", 1, 5.0, "vote", 2, 57_477, 2, 3, ())
    assert str(row) == "2 of 57,477 votes (< 0.01%) flip first place: without them y is above x."
    assert str(row._replace(place=3, of=100)).startswith("2 of 100 votes (2.00%) flip place 3:")
    lost = row._replace(needed=None, tried=40, kind="rater", of=50)
    assert str(lost) == "Leaving out the 40 most influential of 50 raters does not put y above x."
    assert str(lost._replace(tried=0)) == "Leaving out none of 50 raters brings y nearer to x."


def test_the_table_has_a_line_for_each_row() -> None:
    found = fragility(VOTES, kinds=("rater",))
    table = found.table()
    assert table["needed"].tolist() == [row.needed for row in found.rows]
    assert table.columns.tolist() == list(Fragile._fields)


def test_ties_are_treated_as_asked() -> None:
    votes = votes_of(Cell("x", "y", "a", 8), Cell("x", "y", "b", 5), Cell("x", "y", "tie", 30))
    (half,) = fragility(votes, kinds=("vote",)).rows
    (drop,) = fragility(votes, kinds=("vote",), ties="drop").rows
    assert half.needed == drop.needed == 4
    assert half.gap < drop.gap


def test_bad_input_is_refused() -> None:
    with pytest.raises(ValueError, match=r"Unknown kind 'page'. Known: vote, rater, prompt"):
        fragility(VOTES, kinds=("page",))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="Unknown contender 'm9'"):
        fragility(VOTES, pairs=[("m9", "m00")])
    with pytest.raises(ValueError, match=r"^Fragility needs to know each vote's rater.* They have: prompt"):
        fragility(replace(VOTES, rater=None))
    one = votes_of(Cell("x", "y", "a"), Cell("x", "y", "b"), clustered=True)
    with pytest.raises(ValueError, match="Fragility needs 2 raters or more"):
        fragility(one, kinds=("rater",))
