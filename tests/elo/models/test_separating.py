"""Directions along which no vote gets less likely, against votes that have one by construction."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from elo import NotIdentified, Votes
from elo.models.cells import cells_of_votes
from elo.models.identification import finite_groups, moved, require_shown_within, separating
from elo.models.newton import Problem
from elo.models.specification import Specification

RING = [("x", "y", "a"), ("y", "z", "a"), ("z", "x", "a")]


def problem(rows: list[tuple[str, str, str]], model: Specification, **columns: Any) -> Problem:  # noqa: ANN401
    a, b, outcome = (list(column) for column in zip(*rows, strict=True))
    votes = Votes.from_columns(contender_a=a, contender_b=b, outcome=outcome, **columns)
    return model.problem(cells_of_votes(votes, model.regressors))


def no_vote_gets_less_likely(of: Problem, direction: np.ndarray) -> bool:
    """Return whether the likelihood only rises along a direction, far from the start, too."""
    theta = np.zeros(of.design.parameters)
    likelihoods = [of.log_likelihood(theta + step * direction) for step in (0, 1, 10, 100)]
    return likelihoods == sorted(likelihoods) and likelihoods[-1] > likelihoods[0]


def test_strengths_alone_are_left_to_the_graph_of_wins() -> None:
    assert separating(problem([("x", "y", "a")], Specification())) is None


def test_a_side_that_always_wins_separates() -> None:
    model = Specification(effects=("side",))
    always = problem([*RING, *((b, a, o) for a, b, o in RING)], model, side=["a"] * 6)
    direction = separating(always)
    assert direction is not None
    assert direction[-1] > 0
    assert no_vote_gets_less_likely(always, direction)
    assert moved(always, direction)[-1]


def test_a_side_that_loses_once_to_each_does_not_separate() -> None:
    rows = [*RING, *((b, a, o) for a, b, o in RING), *((a, b, "b") for a, b, _ in RING)]
    assert separating(problem(rows, Specification(effects=("side",)), side=["a"] * 9)) is None


def test_a_covariate_that_tells_every_winner_separates() -> None:
    rows = RING * 2
    length = [1.0, 2.0, 0.5, 3.0, 1.0, 1.0]
    told = problem(rows, Specification(covariates=("length",)), covariates={"length": length})
    direction = separating(told)
    assert direction is not None
    assert no_vote_gets_less_likely(told, direction)


@pytest.mark.parametrize("ties", ["davidson", "rao-kupper"])
def test_ties_of_one_pair_alone_do_not_separate_a_ring(ties: Any) -> None:  # noqa: ANN401
    assert separating(problem([*RING, ("x", "y", "tie")], Specification(ties))) is None


def test_a_floor_that_only_ever_wins_separates_once_strengths_are_held() -> None:
    model = Specification(both_bad="floor", effects=("side",))
    bad = problem([*RING, ("x", "y", "both_bad")], model, side=["a"] * 4)
    direction = separating(bad, held=3)
    assert direction is not None
    assert direction[:3].tolist() == [0, 0, 0]


def test_groups_that_a_direction_moves_apart_are_told() -> None:
    rows = [("x", "y", "a"), ("y", "x", "a")]
    found = problem(rows, Specification())
    assert [group.tolist() for group in finite_groups(found)] == [[0, 1]]
    alone = problem([("x", "y", "a")], Specification())
    assert sorted(group.tolist() for group in finite_groups(alone)) == [[0], [1]]


def test_a_parameter_that_only_votes_between_groups_show_is_refused() -> None:
    model = Specification(effects=("side",))
    rows = [("x", "y", "a"), ("y", "x", "a"), ("x", "z", "a")]
    # Within x and y the side never varies; against z it does.
    apart = problem(rows, model, side=["a", "a", "b"])
    with pytest.raises(NotIdentified, match="side"):
        require_shown_within(apart, np.array([0, 0, 1]), ("x", "y", "z"))


def test_a_constant_added_to_all_strengths_moves_nothing_but_the_others() -> None:
    ring = problem(RING, Specification(effects=("side",)), side=["a", "b", "a"])
    shift = ring.shift_direction
    assert shift.tolist() == [1, 1, 1, 0]
    assert moved(ring, shift + np.array([0, 0, 0.5, 0])).tolist() == [False, False, True, False]
