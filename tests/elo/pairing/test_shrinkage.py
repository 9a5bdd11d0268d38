from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import log_expit

from elo.arrays import Floats
from elo.models.bradley_terry import maximise
from elo.pairing.shrinkage import shrunken_strengths


def random_credit(size: int, seed: int) -> Floats:
    credit = np.random.default_rng(seed).integers(0, 6, (size, size)).astype(np.float64)
    np.fill_diagonal(credit, 0)
    return credit


def test_nobody_is_ahead_without_votes() -> None:
    np.testing.assert_array_equal(shrunken_strengths(np.zeros((3, 3))), 0)


def test_agrees_with_a_general_optimiser() -> None:
    credit = random_credit(5, seed=1)

    def loss(s: Floats) -> float:
        return float(-np.sum(credit * log_expit(s[:, None] - s)) + np.sum(s**2) / (2 * 0.5**2))

    found = minimize(loss, np.zeros(5), method="BFGS", options={"gtol": 1e-7})
    np.testing.assert_allclose(shrunken_strengths(credit, prior_sd=0.5), found.x, atol=1e-6)


def test_a_wide_prior_gives_maximum_likelihood() -> None:
    credit = random_credit(6, seed=2) + 1 - np.eye(6)
    wide = shrunken_strengths(credit, prior_sd=1e5)
    np.testing.assert_allclose(wide, maximise(credit).strengths, atol=1e-7)


def test_who_won_everything_stays_finite() -> None:
    credit = np.array([[0.0, 1e6], [0.0, 0.0]])
    assert 0 < np.ptp(shrunken_strengths(credit)) < 30


def test_who_has_no_votes_yet_is_in_the_middle() -> None:
    credit = np.zeros((4, 4))
    credit[0, 1] = 5
    strengths = shrunken_strengths(credit)
    np.testing.assert_allclose(strengths[2:], 0, atol=1e-12)
    assert strengths[0] == pytest.approx(-strengths[1])
