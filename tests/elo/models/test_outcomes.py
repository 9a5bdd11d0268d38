from __future__ import annotations

import numpy as np
import pytest

from elo.models.outcomes import MultinomialLogit, OutcomeModel, RaoKupper, labels, outcome_model
from tests.factories_elo import Floats

MODELS = [
    MultinomialLogit(),
    MultinomialLogit(ties=True),
    MultinomialLogit(floor=True),
    MultinomialLogit(ties=True, floor=True),
    RaoKupper(),
]


def somewhere(model: OutcomeModel, meetings: int = 7) -> tuple[Floats, Floats]:
    """Coordinates, and credit among the outcomes that the model knows."""
    rng = np.random.default_rng(3)
    place = rng.normal(size=(len(model.coordinates), meetings))
    if "tie" in model.coordinates:
        place[-1] = np.abs(place[-1]) + 0.1
    possible = model.expected(place, np.ones(meetings)) > 0
    return place, rng.integers(1, 9, (4, meetings)).astype(np.float64) * possible


def by_differences(
    model: OutcomeModel, place: Floats, credit: Floats, coordinate: int
) -> tuple[float, Floats]:
    """Differentiate the log-likelihood of meeting 2 and its gradient numerically by a coordinate."""
    step = np.zeros_like(place)
    step[coordinate, 2] = h = 1e-6
    up, down = place + step, place - step
    value = model.log_likelihood(up, credit) - model.log_likelihood(down, credit)
    gradient = model.derivatives(up, credit).gradient - model.derivatives(down, credit).gradient
    return value / (2 * h), gradient[:, 2] / (2 * h)


@pytest.mark.parametrize("model", MODELS)
def test_the_derivatives_are_those_of_the_likelihood(model: OutcomeModel) -> None:
    place, credit = somewhere(model)
    exact = model.derivatives(place, credit)
    for coordinate in range(len(place)):
        slope, curve = by_differences(model, place, credit, coordinate)
        assert exact.gradient[coordinate, 2] == pytest.approx(slope, abs=1e-6)
        np.testing.assert_allclose(exact.curvature[coordinate, :, 2], -curve, atol=1e-6)


@pytest.mark.parametrize("model", MODELS)
def test_the_expected_credit_is_all_votes_and_leaves_nothing_to_explain(model: OutcomeModel) -> None:
    place, credit = somewhere(model)
    expected = model.expected(place, credit.sum(axis=0))
    np.testing.assert_allclose(expected.sum(axis=0), credit.sum(axis=0))
    np.testing.assert_allclose(model.derivatives(place, expected).gradient, 0, atol=1e-12)


@pytest.mark.parametrize("model", MODELS)
def test_the_drift_is_the_derivative_of_half_the_trace(model: OutcomeModel) -> None:
    place, credit = somewhere(model)
    votes, size = credit.sum(axis=0), len(place)
    roots = np.random.default_rng(5).normal(size=(size, size, len(votes)))
    spread = np.einsum("lim,kim->lkm", roots, roots)

    def half_trace(at: Floats) -> float:
        curvature = model.derivatives(at, model.expected(at, votes)).curvature
        return float((curvature * spread).sum() / 2)

    firth_adjustment = model.firth_adjustment(place, votes, spread)
    for coordinate in range(size):
        step = np.zeros_like(place)
        step[coordinate, 4] = h = 1e-6
        slope = (half_trace(place + step) - half_trace(place - step)) / (2 * h)
        assert firth_adjustment[coordinate, 4] == pytest.approx(slope, abs=1e-5)


def test_ties_of_davidson_are_nu_times_the_root_of_both_strengths() -> None:
    gap, log_nu = 0.8, -0.3
    chances = MultinomialLogit(ties=True).expected(np.array([[gap], [log_nu]]), np.ones(1))[:, 0]
    assert chances[0] / chances[1] == pytest.approx(np.exp(gap))
    assert chances[2] / np.sqrt(chances[0] * chances[1]) == pytest.approx(np.exp(log_nu))


def test_ties_of_rao_and_kupper_are_what_their_paper_says() -> None:
    first, second, kappa = np.exp(0.8), 1.0, 1.7
    chances = RaoKupper().expected(np.array([[0.8], [np.log(kappa)]]), np.ones(1))[:, 0]
    assert chances[0] == pytest.approx(first / (first + kappa * second))
    both = (first + kappa * second) * (kappa * first + second)
    assert chances[2] == pytest.approx(first * second * (kappa**2 - 1) / both)


def test_labels_split_votes_as_asked() -> None:
    assert labels("half", "tie").tolist() == [[1, 0, 0, 0], [0, 1, 0, 0], [0.5, 0.5, 0, 0], [0.5, 0.5, 0, 0]]
    assert labels("drop", "floor")[2:].tolist() == [[0, 0, 0, 0], [0, 0, 0, 1]]
    assert labels("davidson", "tie")[2:].tolist() == [[0, 0, 1, 0], [0, 0, 1, 0]]
    assert labels("davidson", "drop")[3].tolist() == [0, 0, 0, 0]


def test_rao_kupper_has_no_place_for_a_floor() -> None:
    with pytest.raises(ValueError, match="ties='rao-kupper' orders the outcomes"):
        outcome_model("rao-kupper", "floor")
