"""The certified optimum of a plan, against closed forms and other designs."""

from __future__ import annotations

import numpy as np
import pytest

from elo.arrays import Floats
from elo.models.bradley_terry import centred_inverse, difference_variances, laplacian
from elo.pairing.balance import HALF, Bounds
from elo.pairing.design import Problem, optimise
from elo.pairing.goals import Newcomer, TopK, WholeBoard

SIZE = 5
NAMES = tuple("vwxyz")
FREE = Bounds(np.zeros(SIZE), np.full(SIZE, HALF))
EVEN = (1 - np.eye(SIZE)) / (SIZE * (SIZE - 1))
STRENGTHS = np.linspace(1, -1, SIZE)


def problem(
    goal: Floats | None = None, history: float = 0.0, bounds: Bounds = FREE, share: float = 0.1
) -> Problem:
    worth = 100.0 * (1 - np.eye(SIZE)) / 4
    weights = WholeBoard().weights(NAMES, STRENGTHS) if goal is None else goal
    return Problem(history * (1 - np.eye(SIZE)), worth, EVEN, share, weights, bounds)


def variance(of: Problem, shares: Floats) -> float:
    """Return the variance of the goal by its definition."""
    information = of.history + 2 * of.worth * of.mixed(shares)
    return float(np.sum(of.goal * difference_variances(centred_inverse(laplacian(information)))))


def test_equal_pairs_are_best_shown_evenly() -> None:
    design = optimise(problem(), EVEN, 1e-6)
    np.testing.assert_allclose(design.probabilities, EVEN, rtol=1e-3)
    assert design.efficiency > 1 - 1e-6
    assert design.iterations == 0


@pytest.mark.parametrize("goal", [WholeBoard(), TopK(1), TopK(2, weight=1.0), Newcomer(("x",))])
@pytest.mark.parametrize("history", [0.0, 3.0])
def test_the_variance_is_that_of_its_definition_and_no_random_shares_beat_it(
    goal: TopK, history: float
) -> None:
    asked = problem(goal.weights(NAMES, STRENGTHS), history)
    design = optimise(asked, EVEN, 1e-3)
    assert design.variance == pytest.approx(variance(asked, design.shares))
    rng = np.random.default_rng(11)
    for _ in range(50):
        other = rng.exponential(size=(SIZE, SIZE)) * (1 - np.eye(SIZE))
        other = (other + other.T) / (other + other.T).sum()
        assert variance(asked, other) >= design.variance * design.efficiency


def test_a_newcomer_gets_most_votes() -> None:
    design = optimise(problem(Newcomer(("x",)).weights(NAMES, STRENGTHS), history=20.0), EVEN, 1e-3)
    exposure = design.probabilities.sum(axis=1)
    assert exposure.argmax() == NAMES.index("x")
    assert exposure.max() > 0.4


def test_bounds_on_exposure_hold() -> None:
    low, high = np.full(SIZE, 0.15), np.full(SIZE, 0.25)
    asked = problem(Newcomer(("x",)).weights(NAMES, STRENGTHS), bounds=Bounds(low, high))
    exposure = optimise(asked, EVEN, 1e-2).shares.sum(axis=1)
    assert (exposure >= low - 1e-5).all()
    assert (exposure <= high + 1e-5).all()


def test_bounds_that_no_shares_meet_are_refused() -> None:
    low = np.array([0.4, 0.4, 0.4, 0.0, 0.0])
    with pytest.raises(ValueError, match="The allowed pairs cannot meet the balance"):
        optimise(problem(bounds=Bounds(low, np.full(SIZE, HALF))), EVEN, 1e-2)


@pytest.mark.parametrize("share", [0.1, 0.5])
def test_the_uniform_part_costs_what_the_free_efficiency_says(share: float) -> None:
    goal = Newcomer(("x",)).weights(NAMES, STRENGTHS)
    held = optimise(problem(goal, share=share), EVEN, 1e-4)
    free = optimise(problem(goal, share=0.0), EVEN, 1e-4)
    assert free.variance >= held.variance * held.free_efficiency
    assert held.free_efficiency <= held.efficiency


def test_shares_stay_symmetric_and_sum_to_one() -> None:
    design = optimise(problem(TopK(1, weight=1.0).weights(NAMES, STRENGTHS)), EVEN, 1e-3)
    np.testing.assert_allclose(design.shares, design.shares.T, rtol=1e-9)
    assert design.shares.sum() == pytest.approx(1)
    assert np.diag(design.shares).tolist() == [0] * SIZE
