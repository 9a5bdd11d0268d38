from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import LinearConstraint, minimize

from elo.arrays import Floats
from elo.pairing.balance import Bounds, rebalance


def random_shares(size: int, seed: int) -> Floats:
    shares = np.random.default_rng(seed).lognormal(0, 1, (size, size))
    shares = np.triu(shares, 1) + np.triu(shares, 1).T
    shares /= shares.sum()
    return shares


def even_bounds(size: int, low: float, high: float) -> Bounds:
    return Bounds(np.full(size, low / size), np.full(size, high / size))


def test_shares_within_bounds_stay() -> None:
    shares = random_shares(5, seed=0)
    balanced = rebalance(shares, even_bounds(5, 0.01, 2.4))
    np.testing.assert_allclose(balanced.shares, shares)
    np.testing.assert_allclose(balanced.factors, 1)


@pytest.mark.parametrize("seed", range(5))
def test_meets_the_bounds_and_moves_only_who_must(seed: int) -> None:
    bounds = even_bounds(12, 0.9, 1.1)
    balanced = rebalance(random_shares(12, seed), bounds)
    exposure = balanced.shares.sum(axis=1)
    assert balanced.met
    assert (exposure >= bounds.low * (1 - 1e-5)).all()
    assert (exposure <= bounds.high * (1 + 1e-5)).all()
    np.testing.assert_allclose(exposure[balanced.factors > 1 + 1e-5], 0.9 / 12, rtol=1e-5)
    np.testing.assert_allclose(exposure[balanced.factors < 1 - 1e-5], 1.1 / 12, rtol=1e-5)


def test_is_the_nearest_in_divergence() -> None:
    size, shares = 4, random_shares(4, seed=3)
    rows, columns = np.triu_indices(size, 1)
    start = 2 * shares[rows, columns]
    membership = np.zeros((size, len(rows)))
    membership[rows, np.arange(len(rows))] = membership[columns, np.arange(len(rows))] = 0.5

    def divergence(x: Floats) -> float:
        return float(np.sum(x * np.log(x / start)))

    found = minimize(
        divergence,
        np.full(len(rows), 1 / len(rows)),
        bounds=[(1e-9, 1)] * len(rows),
        constraints=[
            LinearConstraint(membership, 0.9 / size, 1.1 / size),
            LinearConstraint(np.ones(6), 1, 1),
        ],
        tol=1e-12,
    )
    ours = rebalance(shares, even_bounds(size, 0.9, 1.1)).shares
    np.testing.assert_allclose(2 * ours[rows, columns], found.x, atol=2e-6)


def test_factors_taken_out_before_change_nothing() -> None:
    shares, bounds = random_shares(8, seed=1), even_bounds(8, 0.8, 1.2)
    taken = np.random.default_rng(2).lognormal(0, 0.3, 8)
    apart = rebalance(shares * taken[:, None] * taken, bounds, neutral=1 / taken)
    np.testing.assert_allclose(apart.shares, rebalance(shares, bounds).shares, rtol=1e-4)


def test_says_that_a_star_cannot_be_even() -> None:
    star = np.zeros((4, 4))
    star[0, 1:] = star[1:, 0] = 1 / 6
    assert not rebalance(star, even_bounds(4, 0.5, 1.5)).met
