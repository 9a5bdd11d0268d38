from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from elo import NotIdentified, fit
from elo.robustness.refits import Model, Refits
from tests.factories_elo import Cell, World, votes_of

VOTES = World(contenders=5, votes=400, raters=10, prompts=10, ties=0.2).draw(3)


@pytest.mark.parametrize("model", [{}, {"ties": "davidson"}, {"ties": "drop"}, {"ties": "rao-kupper"}])
def test_influence_is_the_derivative_of_a_refit(model: Model) -> None:
    refits = Refits.of(VOTES, model)
    contrast = np.array([1.0, -1, 0, 0, 0])
    influence = refits.influence(contrast)
    step = 1e-4
    for cell in np.flatnonzero(refits.cells.counts.ravel())[::7]:
        removed = np.zeros(refits.cells.counts.size)
        removed[cell] = step
        moved = contrast @ (refits.without(removed).strengths - refits.full.strengths)
        assert moved / step == pytest.approx(influence[cell], abs=1e-5)


def test_without_some_rows_is_the_fit_of_the_others() -> None:
    refits = Refits.of(VOTES, {})
    gone = np.arange(len(VOTES.weight)) % 5 == 0
    removed = np.bincount(refits.cell[gone], minlength=refits.cells.counts.size).astype(np.float64)
    rest = replace(
        VOTES,
        contender_a=VOTES.contender_a[~gone],
        contender_b=VOTES.contender_b[~gone],
        outcome=VOTES.outcome[~gone],
        weight=VOTES.weight[~gone],
    )
    assert refits.without(removed).strengths == pytest.approx(fit(rest, clusters=()).strengths, abs=1e-9)


def test_one_step_is_nearer_than_the_influence_function() -> None:
    assert VOTES.rater is not None
    refits = Refits.of(VOTES, {})
    removed = np.bincount(refits.cell[VOTES.rater == 0], minlength=refits.cells.counts.size).astype(
        np.float64
    )
    exact = refits.without(removed).strengths
    linear = refits.full.strengths + [refits.influence(unit) @ removed for unit in np.eye(5)]
    assert np.abs(refits.one_step(removed) - exact).max() < 0.5 * np.abs(linear - linear.mean() - exact).max()


def test_what_is_left_must_have_ratings() -> None:
    votes = votes_of(Cell("x", "y", "a", 3), Cell("x", "y", "b", 1))
    refits = Refits.of(votes, {})
    losses = np.zeros(4)
    losses[refits.cell[1]] = 1
    for leave_out in (refits.without, refits.one_step):
        with pytest.raises(NotIdentified, match="x won everything"):
            leave_out(losses)


def test_what_refits_do_not_take_is_refused() -> None:
    with pytest.raises(
        ValueError, match=r"Refits do not take separation\. Of fit's arguments, they take ties,"
    ):
        Refits.of(World().draw(0), {"separation": "firth"})  # type: ignore[typeddict-unknown-key]  # on purpose
    with pytest.raises(ValueError, match=r"give \('side',\)"):
        Refits.of(World().draw(0), {"effects": "side"})
