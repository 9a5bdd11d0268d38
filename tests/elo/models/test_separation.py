from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from elo import NotIdentified, fit
from elo.arguments import Correction, Separation, Ties
from elo.models.cells import cells_of_tally
from elo.models.separation import BOUND, _penalised, maximise_penalised
from elo.models.specification import Specification
from tests.factories_elo import Cell, Floats, votes_of

UNBEATEN = votes_of(Cell("x", "y", "a", 10), Cell("y", "z", "a", 5), Cell("z", "y", "a", 5))


def test_an_unbeaten_contender_has_half_a_loss_under_firth() -> None:
    # Jeffreys' prior of one binomial adds half a success and half a failure (Firth 1993, section 3.3).
    ratings = fit(votes_of(Cell("x", "y", "a", 10)), separation="firth", scale=1.0)
    assert ratings.difference("x", "y").estimate == pytest.approx(np.log(10.5 / 0.5), abs=1e-8)
    assert "x" in ratings.diagnostics.separation or "y" in ratings.diagnostics.separation
    assert ratings.method.asked.separation == "firth"


@pytest.mark.parametrize("ties", ["half", "davidson", "rao-kupper"])
def test_firth_is_the_maximum_of_the_penalised_likelihood(ties: Ties) -> None:
    cells = cells_of_tally(
        votes_of(
            *[Cell("x", y, "a", 4) for y in "yz"], Cell("y", "z", "b", 3), Cell("y", "z", "tie", 2)
        ).tally()
    )
    problem = Specification(ties=ties).problem(cells)
    solution = maximise_penalised(problem)

    def loss(free: Floats) -> float:
        return -_penalised(problem, np.concatenate(([0.0], free)))[0]

    start = (solution.theta - solution.theta[0] * problem.shift_direction)[1:]
    best = minimize(
        loss, start + 0.1, method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-13, "maxiter": 5000}
    )
    np.testing.assert_allclose(start, best.x, atol=1e-5)


def test_bounded_holds_what_the_votes_do_not_limit() -> None:
    ratings = fit(UNBEATEN, separation="bounded", scale=1.0)
    assert np.ptp(ratings.strengths) == pytest.approx(BOUND)
    assert ratings.difference("x", "y")[1:] == (-np.inf, np.inf)
    inner = ratings.difference("y", "z")
    assert np.isfinite(inner).all()
    assert ratings.diagnostics.separation.endswith("without it not finite: x")
    assert ratings.ranks()["x"] == (1, 1, 3)


def test_between_two_limits_a_contender_stands_in_the_middle() -> None:
    votes = votes_of(Cell("top", "mid", "a", 6), Cell("mid", "low", "a", 6))
    ratings = fit(votes, separation="bounded", scale=1.0)
    top, mid, low = (ratings.strengths[ratings.contenders.index(name)] for name in ("top", "mid", "low"))
    assert top - mid == pytest.approx(BOUND / 2, abs=1e-8)
    assert mid - low == pytest.approx(BOUND / 2, abs=1e-8)


@pytest.mark.parametrize("separation", ["firth", "bounded"])
def test_where_a_finite_maximum_exists_bounded_leaves_it_and_firth_says_so(separation: Separation) -> None:
    votes = votes_of(Cell("x", "y", "a", 30), Cell("x", "y", "b", 20))
    ratings = fit(votes, separation=separation, scale=1.0)
    expected = {"firth": np.log(30.5 / 20.5), "bounded": np.log(30 / 20)}[separation]
    assert ratings.difference("x", "y").estimate == pytest.approx(expected, abs=1e-8)
    assert "finite maximum exists" in ratings.diagnostics.separation


@pytest.mark.parametrize("separation", ["error", "firth", "bounded"])
def test_no_policy_connects_contenders_that_never_met(separation: Separation) -> None:
    with pytest.raises(NotIdentified, match=r"groups of contenders: u, v; x, y\."):
        fit(votes_of(Cell("u", "v", "tie"), Cell("x", "y", "tie")), separation=separation)


def test_bounded_does_not_make_up_a_parameter_of_ties() -> None:
    with pytest.raises(NotIdentified, match="No vote is a tie"):
        fit(UNBEATEN, ties="davidson", separation="bounded")


def test_bounded_knows_no_more_of_a_group_than_its_own_votes_say() -> None:
    inner = [Cell("x", "y", "a", 5), Cell("x", "y", "b", 5)]
    alone = fit(votes_of(*inner)).difference("x", "y")
    ratings = fit(votes_of(*inner, Cell("x", "z", "a", 5), Cell("y", "z", "a", 5)), separation="bounded")
    assert tuple(ratings.difference("x", "y")) == pytest.approx(tuple(alone))
    lower, upper = ratings.simultaneous()
    assert (lower[0, 1], upper[0, 1]) == pytest.approx(tuple(alone)[1:], rel=1e-3)
    assert (lower[0, 2], upper[0, 2]) == (-np.inf, np.inf)


@pytest.mark.parametrize("ties", ["half", "davidson", "rao-kupper"])
def test_votes_between_groups_do_not_pull_within_them(ties: Ties) -> None:
    inner = [Cell("x", "y", "a", 30), Cell("x", "y", "b", 2), Cell("x", "y", "tie", 4)]
    beaten = [Cell(name, "z", "a", 500) for name in "xy"]
    whole = fit(votes_of(*inner, *beaten), ties=ties, separation="bounded")
    part = fit(votes_of(*inner), ties=ties)
    assert tuple(whole.difference("x", "y")) == pytest.approx(tuple(part.difference("x", "y")))
    assert whole.parameters == pytest.approx(part.parameters)
    assert whole.strengths.argmin() == 2


def test_groups_that_spread_wider_than_the_bound_stand_in_their_order() -> None:
    inner = [Cell("u", "v", "a", 5000), Cell("u", "v", "b", 1)]
    ratings = fit(votes_of(*inner, Cell("v", "w", "a", 5)), separation="bounded")
    u, v, w = ratings.ratings
    assert u - v == pytest.approx(400 * np.log10(5000))
    assert v - w == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("correction", ["CR3", "CR1"])
def test_bounded_clusters_the_votes_of_a_group_as_if_alone(correction: Correction) -> None:
    cells = [Cell("x", "y", outcome, 3, rater=rater) for rater, outcome in enumerate("abababaab")]
    beaten = [Cell(name, "z", "a", 4, rater=rater) for name in "xy" for rater in range(9)]
    alone, whole = (
        fit(
            votes_of(*drawn, clustered=True), clusters=("rater",), correction=correction, separation="bounded"
        )
        for drawn in (cells, [*cells, *beaten])
    )
    assert tuple(whole.difference("x", "y")) == pytest.approx(tuple(alone.difference("x", "y")))
    assert whole.diagnostics.design_effect == pytest.approx(alone.diagnostics.design_effect)


def test_the_bootstrap_does_not_limit_what_bounded_holds_apart() -> None:
    ratings = fit(UNBEATEN, separation="bounded", intervals="bootstrap", rounds=200)
    assert ratings.difference("x", "y")[1:] == (-np.inf, np.inf)
    assert ratings.percentile_difference("x", "y")[1:] == (-np.inf, np.inf)
    sandwich = fit(UNBEATEN, separation="bounded").difference("y", "z")
    assert ratings.difference("y", "z").upper == pytest.approx(sandwich.upper, rel=0.4)


def test_bounded_refuses_a_side_that_only_votes_between_groups_show() -> None:
    between = [Cell("x", "y", "a", 5), Cell("y", "x", "b", 5)]
    with pytest.raises(NotIdentified, match="side"):
        fit(votes_of(*between), effects=("side",), separation="bounded")


def test_a_floor_below_all_is_held_apart_too() -> None:
    votes = votes_of(Cell("x", "y", "a", 5), Cell("x", "y", "b", 5))
    ratings = fit(
        votes_of(Cell("x", "y", "a", 5), Cell("x", "y", "b", 5), Cell("x", "y", "both_bad", 3)),
        both_bad="floor",
    )
    assert ratings.floor is not None
    assert np.isfinite(ratings.floor).all()
    apart = fit(votes, both_bad="floor", separation="bounded")
    assert apart.floor is not None
    assert apart.floor.estimate < apart.ratings.min()
    assert apart.floor[1:] == (-np.inf, np.inf)
    assert np.isfinite(apart.difference("x", "y")).all()
