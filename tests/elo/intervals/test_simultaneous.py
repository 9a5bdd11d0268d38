from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats
from scipy.stats import studentized_range

from elo import fit
from elo.intervals.covariance import quantile
from elo.intervals.simultaneous import critical_value
from tests.factories_elo import Cell, Floats, World, votes_of

WORLD = World(contenders=6, votes=600, raters=30, prompts=20, ties=0.2)


def scattered(size: int, seed: int) -> Floats:
    """Return a covariance without structure."""
    root = np.random.default_rng(seed).normal(size=(size, 2 * size))
    covariance: Floats = root @ root.T
    return covariance


@pytest.mark.parametrize("size", [3, 10, 20, 60])
def test_equal_variances_give_tukeys_studentised_range(size: int) -> None:
    tukey = studentized_range.ppf(0.95, size, np.inf) / math.sqrt(2)
    assert critical_value(np.eye(size), None, 0.95) == pytest.approx(tukey, rel=4e-3)


@pytest.mark.parametrize(("size", "dof"), [(3, 5), (10, 24), (20, 10)])
def test_standard_errors_of_their_own_cost_more_than_tukeys_common_one(size: int, dof: int) -> None:
    critical = critical_value(np.eye(size), dof, 0.95)
    assert studentized_range.ppf(0.95, size, dof) / math.sqrt(2) < critical
    assert critical < quantile(dof, 0.025 / math.comb(size, 2))
    normal = critical_value(np.eye(size), None, 0.95)
    assert stats.t.sf(critical, dof) == pytest.approx(stats.norm.sf(normal), rel=1e-6)


@pytest.mark.parametrize("dof", [None, 4])
def test_two_contenders_need_no_adjustment(dof: int | None) -> None:
    assert critical_value(scattered(2, 1), dof, 0.9) == pytest.approx(quantile(dof, 0.05), rel=1e-12)


def test_intervals_hold_together_for_any_covariance() -> None:
    covariance = scattered(7, 2)
    critical = critical_value(covariance, None, 0.9)
    rng = np.random.default_rng(3)
    draws = rng.multivariate_normal(np.zeros(7), covariance, 100_000)
    first, second = np.triu_indices(7, 1)
    own = np.diag(covariance)
    errors = np.sqrt(own[first] + own[second] - 2 * covariance[first, second])
    held = (np.abs(draws[:, first] - draws[:, second]) <= critical * errors).all(axis=1)
    assert np.mean(held) == pytest.approx(0.9, abs=0.004)


def test_lies_between_one_pair_alone_and_bonferroni() -> None:
    critical = critical_value(scattered(12, 4), 9, 0.95)
    assert quantile(9, 0.025) < critical < quantile(9, 0.025 / 66)


def test_a_rank_deficient_covariance_is_no_obstacle() -> None:
    loadings = np.random.default_rng(5).normal(size=(30, 3))
    critical = critical_value(loadings @ loadings.T, None, 0.95)
    assert quantile(None, 0.025) < critical < critical_value(np.eye(30), None, 0.95)


def test_neither_scale_nor_labels_nor_repetition_move_it() -> None:
    covariance = scattered(8, 6)
    order = np.random.default_rng(7).permutation(8)
    critical = critical_value(covariance, 20, 0.95)
    assert critical == critical_value(covariance, 20, 0.95)
    assert critical_value(100 * covariance, 20, 0.95) == pytest.approx(critical, rel=1e-6)
    assert critical_value(covariance[np.ix_(order, order)], 20, 0.95) == pytest.approx(critical, rel=1e-6)


def test_a_difference_without_variance_falls_back_on_bonferroni() -> None:
    covariance = np.diag([0.0, 0.0, 1.0])
    assert critical_value(covariance, None, 0.95) == pytest.approx(quantile(None, 0.025 / 3))
    assert critical_value(np.zeros((3, 3)), None, 0.95) == pytest.approx(quantile(None, 0.025 / 3))


def test_ratings_give_limits_of_all_pairs() -> None:
    ratings = fit(WORLD.draw(1), clusters=("prompt", "rater"))
    lower, upper = ratings.simultaneous()
    alone = ratings.difference("m02", "m04")
    assert lower[2, 4] < alone.lower < alone.upper < upper[2, 4]
    assert lower == pytest.approx(-upper.T)
    np.testing.assert_allclose((lower + upper)[2, 4] / 2, alone.estimate)


@pytest.mark.parametrize("times", [1, 50])
def test_votes_without_scatter_certify_only_what_independent_votes_would(times: int) -> None:
    cells = [
        Cell("x", "y", outcome, weight * times, rater=rater)
        for rater in range(5)
        for outcome, weight in (("a", 3), ("b", 1))
    ]
    ratings = fit(votes_of(*cells, clustered=True), clusters=("rater",))
    lower, upper = ratings.simultaneous()
    model = 1 / math.sqrt(20 * times * 0.75 * 0.25)
    dof = 4  # five raters with as many votes each
    margin = quantile(dof, 0.025) * model * ratings.method.asked.scale
    assert (upper - lower)[0, 1] / 2 == pytest.approx(margin, rel=1e-5)
    assert ratings.ranks()["y"].low == (1 if times == 1 else 2)
