from __future__ import annotations

import numpy as np
import pytest

from elo.pairing import Goal, Newcomer, TopK, WholeBoard

NAMES = ("w", "x", "y", "z")
STRENGTHS = np.array([0.1, 2.0, -1.0, 1.0])  # best first: x, z, w, y


@pytest.mark.parametrize("goal", [WholeBoard(), TopK(2), TopK(3, 1.0), Newcomer(("y",)), Newcomer(NAMES)])
def test_weights_are_a_symmetric_mean_over_pairs(goal: Goal) -> None:
    weights = goal.weights(NAMES, STRENGTHS)
    np.testing.assert_array_equal(weights, weights.T)
    np.testing.assert_array_equal(np.diag(weights), 0)
    assert weights.sum() == pytest.approx(1)


def test_top_k_counts_each_of_the_best_against_the_next_below() -> None:
    weights = TopK(2, weight=1).weights(NAMES, STRENGTHS)
    counted = {frozenset((NAMES[i], NAMES[j])) for i, j in np.argwhere(weights > 0)}
    assert counted == {frozenset("xz"), frozenset("zw")}


def test_top_k_leaves_the_rest_to_the_whole_board() -> None:
    weights = TopK(1, weight=0.4).weights(NAMES, STRENGTHS)
    assert weights[2, 0] == pytest.approx(0.6 / 12)
    assert weights[1, 3] == pytest.approx(0.4 / 2 + 0.6 / 12)


def test_newcomer_counts_its_differences_alone() -> None:
    weights = Newcomer(("y",)).weights(NAMES, STRENGTHS)
    np.testing.assert_allclose(weights[2], [1 / 6, 1 / 6, 0, 1 / 6])
    assert weights[0, 1] == 0


@pytest.mark.parametrize("k", [4, 5])
def test_top_k_needs_somebody_below(k: int) -> None:
    with pytest.raises(ValueError, match=rf"k={k} is out of range for 4 contenders. Allowed: 1 to 3."):
        TopK(k).weights(NAMES, STRENGTHS)


def test_refuses_what_makes_no_goal() -> None:
    with pytest.raises(ValueError, match="k=0 is out of range"):
        TopK(0)
    with pytest.raises(ValueError, match=r"weight must be a share from 0 to 1; got 1\.5\."):
        TopK(1, weight=1.5)
    with pytest.raises(ValueError, match=r"Newcomer\(\) names nobody"):
        Newcomer(()).weights(NAMES, STRENGTHS)
    with pytest.raises(ValueError, match=r"Unknown contender 'q'\. Known: w, x, y, z\."):
        Newcomer(("q",)).weights(NAMES, STRENGTHS)
