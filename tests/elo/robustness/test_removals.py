from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from elo import Votes
from elo.robustness.refits import Refits
from elo.robustness.removals import ClusterPool, Turn, VotePool, fewest
from tests.factories_elo import Cell, World, votes_of


def turn_of(votes: Votes, kind: str) -> tuple[Refits, Turn]:
    """Return the refits and the turn of the board's first two contenders."""
    refits = Refits.of(votes, {})
    first, second = np.argsort(-refits.full.strengths)[:2]
    contrast = np.zeros(len(votes.contenders))
    contrast[first], contrast[second] = 1, -1
    pool = VotePool(refits) if kind == "vote" else ClusterPool(refits, votes, "rater", "A test")
    return refits, fewest(refits, pool, contrast)


def test_two_contenders_by_hand() -> None:
    # 9 to 6: without 3 wins it is 6 to 6, without 4 the other is ahead.
    turn = turn_of(votes_of(Cell("x", "y", "a", 9), Cell("x", "y", "b", 6)), "vote")[1]
    assert turn.removed == (("x over y", 4),)
    assert turn.size == 4


def test_no_smaller_choice_of_raters_turns_a_small_board() -> None:
    for seed in range(6):
        votes = World(contenders=3, votes=120, raters=8, prompts=5, spread=0.4, rater_sd=0.8).draw(seed)
        refits, turn = turn_of(votes, "rater")
        assert votes.rater is not None
        top = np.argsort(-refits.full.strengths)[:2]
        for gone in itertools.combinations(range(votes.raters or 0), max(turn.size - 1, 0)):
            rows = np.isin(votes.rater, gone)
            removed = np.bincount(refits.cell[rows], minlength=refits.cells.counts.size).astype(np.float64)
            left = refits.without(removed).strengths
            assert left[top[0]] >= left[top[1]]


def test_no_smaller_choice_of_votes_turns_a_small_board() -> None:
    for seed in range(4):
        votes = World(contenders=3, votes=40, spread=0.3).draw(seed)
        refits, turn = turn_of(votes, "vote")
        top = np.argsort(-refits.full.strengths)[:2]
        counts = refits.cells.counts.ravel().astype(int)
        for removed in itertools.product(*(range(min(count, turn.size - 1) + 1) for count in counts)):
            if sum(removed) == turn.size - 1:
                left = refits.without(np.array(removed, dtype=np.float64)).strengths
                assert left[top[0]] >= left[top[1]]


def test_what_is_named_does_turn_the_pair() -> None:
    votes = World(contenders=6, votes=800, raters=40, spread=0.4).draw(2)
    refits, turn = turn_of(votes, "rater")
    first, second = np.argsort(-refits.full.strengths)[:2]
    assert votes.rater is not None
    assert votes.rater_labels is not None
    gone = [votes.rater_labels.index(each.label) for each in turn.removed]
    rows = np.isin(votes.rater, gone)
    assert sum(each.votes for each in turn.removed) == rows.sum()
    left = replace(votes, weight=np.where(rows, 0.0, votes.weight))
    counts = np.bincount(refits.cell, votes.weight - left.weight, refits.cells.counts.size).astype(np.float64)
    found = refits.without(counts).strengths
    assert found[first] < found[second]


def test_where_nothing_turns_the_pair_the_number_tried_is_told() -> None:
    # Every rater is for x: the two most so can go, and x stays ahead.
    wins = enumerate((9, 9, 3, 3))
    cells = [Cell("x", "y", outcome, w, 0, r) for r, won in wins for outcome, w in (("a", won), ("b", 1))]
    turn = turn_of(votes_of(*cells, clustered=True), "rater")[1]
    assert turn.removed == ()
    assert turn.size == 2


@pytest.mark.parametrize("kind", ["vote", "rater"])
def test_the_order_of_votes_does_not_matter(kind: str) -> None:
    votes = World(contenders=5, votes=300, raters=12, spread=0.3).draw(4)
    order = np.random.default_rng(0).permutation(len(votes.weight))
    assert votes.rater is not None
    shuffled = replace(
        votes,
        contender_a=votes.contender_a[order],
        contender_b=votes.contender_b[order],
        outcome=votes.outcome[order],
        rater=votes.rater[order],
    )
    assert turn_of(shuffled, kind)[1].size == turn_of(votes, kind)[1].size
