from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from elo import NotIdentified, fit
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
    assert ratings.method.separation == "firth"


@pytest.mark.parametrize("ties", ["half", "davidson", "rao-kupper"])
def test_firth_is_the_maximum_of_the_penalised_likelihood(ties: str) -> None:
    cells = cells_of_tally(
        votes_of(
            *[Cell("x", y, "a", 4) for y in "yz"], Cell("y", "z", "b", 3), Cell("y", "z", "tie", 2)
        ).tally()
    )
    problem = Specification(ties=ties).problem(cells)
    solution = maximise_penalised(problem)

    def loss(free: Floats) -> float:
        return -_penalised(problem, np.concatenate(([0.0], free)))[0]

    start = (solution.theta - solution.theta[0] * problem.carried)[1:]
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
def test_where_a_finite_maximum_exists_bounded_leaves_it_and_firth_says_so(separation: str) -> None:
    votes = votes_of(Cell("x", "y", "a", 30), Cell("x", "y", "b", 20))
    ratings = fit(votes, separation=separation, scale=1.0)
    expected = {"firth": np.log(30.5 / 20.5), "bounded": np.log(30 / 20)}[separation]
    assert ratings.difference("x", "y").estimate == pytest.approx(expected, abs=1e-8)
    assert "finite maximum exists" in ratings.diagnostics.separation


@pytest.mark.parametrize("separation", ["error", "firth", "bounded"])
def test_no_policy_connects_contenders_that_never_met(separation: str) -> None:
    with pytest.raises(NotIdentified, match=r"groups of contenders: u, v; x, y\."):
        fit(votes_of(Cell("u", "v", "tie"), Cell("x", "y", "tie")), separation=separation)


def test_bounded_does_not_make_up_a_parameter_of_ties() -> None:
    with pytest.raises(NotIdentified, match="No vote is a tie"):
        fit(UNBEATEN, ties="davidson", separation="bounded")
