from __future__ import annotations

import numpy as np
import pytest

from elo.arrays import Floats
from elo.models.design import Design, build_design, summed, with_deviations

A, B = np.array([0, 0, 1]), np.array([1, 2, 2])
SIDE = np.array([1.0, -1.0, 0.0])
DESIGN = build_design(A, B, 3, ("gap", "level", "tie"), {"side": SIDE})
RNG = np.random.default_rng(5)


def dense(design: Design) -> Floats:
    """Return the derivative of each coordinate by each parameter, shape (L, M, P)."""
    full = np.zeros((*design.share[:, 0].shape, design.parameters))
    for place, members in enumerate(design.members):
        full[:, np.arange(len(members)), members] += design.share[:, place]
    return full


def test_the_gap_is_the_difference_of_strengths_with_what_adds_to_it() -> None:
    strengths, floor, side, tie = np.array([1.0, 0.0, -2.0]), 0.5, 0.25, -1.0
    gap, level, ties = DESIGN.linear_predictor(np.array([*strengths, floor, side, tie]))
    np.testing.assert_allclose(gap, strengths[A] - strengths[B] + side * SIDE)
    np.testing.assert_allclose(level, (strengths[A] + strengths[B]) / 2 - floor)
    np.testing.assert_allclose(ties, tie)


@pytest.mark.parametrize("design", [DESIGN, with_deviations(DESIGN, 2, np.array([0, 1, 0]))])
def test_sums_over_members_are_products_with_the_dense_design(design: Design) -> None:
    full, size = dense(design), design.parameters
    theta, gradient = RNG.normal(size=size), RNG.normal(size=(3, 3))
    half = RNG.normal(size=(3, 3, 3))
    curvature = half + half.swapaxes(0, 1)
    covariance = np.cov(RNG.normal(size=(size, 50)))
    np.testing.assert_allclose(design.linear_predictor(theta), full @ theta)
    np.testing.assert_allclose(design.gradient(gradient), np.einsum("lmp,lm->p", full, gradient))
    np.testing.assert_allclose(
        design.information(curvature), np.einsum("lmp,lkm,kmq->pq", full, curvature, full)
    )
    np.testing.assert_allclose(
        design.predictor_covariance(covariance), np.einsum("lmp,pq,kmq->lkm", full, covariance, full)
    )


def test_each_group_has_a_deviation_of_its_own() -> None:
    design = with_deviations(DESIGN, 2, np.array([0, 1, 0]))
    theta = np.zeros(design.parameters)
    theta[-2:] = 3, 5
    gap, level, tie = design.linear_predictor(theta)
    assert design.parameters == DESIGN.parameters + 2
    assert (gap.tolist(), level.tolist(), tie.tolist()) == ([0, 0, 0], [0, 0, 0], [3, 5, 3])


def test_values_at_the_same_place_add_up() -> None:
    assert summed(np.array([[0, 2], [2, 2]]), np.array([[1.0, 2], [3, 4]]), 4).tolist() == [1, 0, 9, 0]
