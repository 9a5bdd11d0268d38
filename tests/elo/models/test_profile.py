"""One-sided limits where the estimate is infinite, against closed forms."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import pytest
from scipy.special import expit

from elo.models.cells import cells_of_tally
from elo.models.newton import NotConverged, Problem
from elo.models.profile import profile_limit
from elo.models.specification import Specification
from tests.factories_elo import Cell, votes_of


def problem(*cells: Cell) -> Problem:
    return Specification().problem(cells_of_tally(votes_of(*cells).tally()))


def limit(found: Problem, *, below: bool, level: float = 0.95) -> float:
    contrast = np.zeros(found.contenders)
    contrast[0], contrast[1] = 1, -1
    return profile_limit(found, contrast, below=below, level=level)


@pytest.mark.parametrize("wins", [1, 3, 20, 500])
@pytest.mark.parametrize("level", [0.8, 0.95, 0.99])
def test_after_wins_alone_the_limit_is_where_their_likelihood_falls_so_far(wins: int, level: float) -> None:
    # n log p = -z^2 / 2, since the supremum of the log-likelihood is 0.
    share = math.exp(-(NormalDist().inv_cdf(level) ** 2) / 2 / wins)
    expected = math.log(share / (1 - share))
    found = limit(problem(Cell("x", "y", "a", wins)), below=True, level=level)
    assert found == pytest.approx(expected, abs=0.01)


def test_losses_alone_give_the_mirror_image() -> None:
    won = limit(problem(Cell("x", "y", "a", 5)), below=True)
    lost = limit(problem(Cell("x", "y", "b", 5)), below=False)
    assert lost == pytest.approx(-won, abs=1e-3)


def test_more_wins_raise_the_limit() -> None:
    limits = [limit(problem(Cell("x", "y", "a", wins)), below=True) for wins in (1, 2, 4, 8)]
    assert limits == sorted(limits)
    assert len(set(limits)) == 4


def test_other_votes_hold_the_opponent_in_place() -> None:
    # Wins over y say as much about x as before, however well y is known against z.
    alone = limit(problem(Cell("x", "y", "a", 4)), below=True)
    known = limit(
        problem(Cell("x", "y", "a", 4), Cell("y", "z", "a", 900), Cell("y", "z", "b", 900)), below=True
    )
    assert known == pytest.approx(alone, abs=0.01)


def test_the_likelihood_at_the_limit_has_fallen_by_half_the_squared_quantile() -> None:
    wins = 7
    found = limit(problem(Cell("x", "y", "a", wins)), below=True)
    assert -2 * wins * math.log(expit(found)) == pytest.approx(NormalDist().inv_cdf(0.95) ** 2, rel=0.01)


def test_a_limit_that_is_not_there_is_no_number() -> None:
    with pytest.raises(NotConverged, match="No limit was found"):
        limit(problem(Cell("x", "y", "a", 5)), below=False)
