from __future__ import annotations

from dataclasses import replace

import numpy as np

from elo.raters.items import BOTH_BAD, FIRST, SECOND, TIE, answers_of
from tests.factories_elo import Cell, votes_of


def test_answers_name_the_contender_whatever_its_side() -> None:
    votes = votes_of(
        Cell("x", "y", "a"),
        Cell("y", "x", "b"),
        Cell("y", "x", "a"),
        Cell("y", "x", "tie"),
        Cell("x", "y", "both_bad"),
        clustered=True,
    )
    answers = answers_of(votes, "A test")
    assert answers.answer.tolist() == [FIRST, FIRST, SECOND, TIE, BOTH_BAD]
    assert answers.swapped.tolist() == [0, 1, 1, 1, 0]
    assert set(answers.item.tolist()) == {0}


def test_other_prompts_and_other_pairs_are_other_items() -> None:
    votes = votes_of(
        Cell("x", "y", "a", prompt=1),
        Cell("x", "y", "a", prompt=2),
        Cell("x", "z", "a", prompt=1),
        clustered=True,
    )
    assert len(np.unique(answers_of(votes, "A test").item)) == 3


def test_the_recorded_side_says_who_stood_where() -> None:
    votes = votes_of(Cell("x", "y", "a"), Cell("y", "x", "a"), clustered=True)
    on_the_right = replace(votes, side=np.array([-1, -1], dtype=np.int8))
    assert answers_of(on_the_right, "A test").swapped.tolist() == [1, 0]
    assert answers_of(on_the_right, "A test").answer.tolist() == [FIRST, SECOND]
