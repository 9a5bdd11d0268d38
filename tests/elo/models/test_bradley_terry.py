from __future__ import annotations

import choix
import numpy as np
import pytest

from elo import NotConverged
from elo.fit import ELO_SCALE
from elo.models import newton
from elo.models.bradley_terry import centred_inverse, laplacian, maximise
from tests.factories_elo import Floats, World

ELO_TOLERANCE = 1e-6

# Wins of the American League's East in 1987: Agresti, "Categorical Data Analysis", 2nd ed. 2002, table 10.10.
# Rows beat columns, in the order Milwaukee, Detroit, Toronto, New York, Boston, Cleveland, Baltimore.
BASEBALL = np.array(
    [
        [0, 7, 9, 7, 7, 9, 11],
        [6, 0, 7, 5, 11, 9, 9],
        [4, 6, 0, 7, 7, 8, 12],
        [6, 8, 6, 0, 6, 7, 10],
        [6, 2, 6, 7, 0, 7, 12],
        [4, 4, 5, 6, 6, 0, 6],
        [2, 4, 1, 3, 1, 7, 0],
    ],
    dtype=np.float64,
)


def random_credit(seed: int, contenders: int = 12) -> Floats:
    return World(contenders=contenders, ties=0.2, spread=1.5).draw(seed).tally().credit


def test_two_contenders_have_the_log_odds_of_their_wins() -> None:
    solution = maximise(np.array([[0.0, 30.5], [9.5, 0.0]]))
    assert solution.strengths[0] - solution.strengths[1] == pytest.approx(np.log(30.5 / 9.5), abs=1e-13)
    assert solution.information[0, 0] == pytest.approx(30.5 * 9.5 / 40)


def test_baseball_teams_have_their_published_strengths() -> None:
    strengths = maximise(BASEBALL).strengths
    published = [1.58, 1.44, 1.29, 1.25, 1.11, 0.68, 0.0]  # Agresti, section 10.6.2
    np.testing.assert_allclose(strengths - strengths[-1], published, atol=0.005)


def test_baseball_teams_have_their_published_standard_errors() -> None:
    against_baltimore = np.delete(np.eye(7) - np.eye(7)[-1], -1, axis=0)
    covariance = against_baltimore @ centred_inverse(maximise(BASEBALL).information) @ against_baltimore.T
    # H. Turner, D. Firth, "Bradley-Terry models in R", Journal of Statistical Software 48(9), 2012.
    published = [0.3433, 0.3396, 0.3367, 0.3359, 0.3339, 0.3319]
    np.testing.assert_allclose(np.sqrt(np.diag(covariance)), published, atol=5e-5)


@pytest.mark.parametrize("seed", range(3))
def test_choix_agrees(seed: int) -> None:
    credit = random_credit(seed)
    ours = maximise(credit).strengths
    lsr = choix.ilsr_pairwise_dense(credit, tol=1e-12)
    np.testing.assert_allclose(ELO_SCALE * ours, ELO_SCALE * (lsr - lsr.mean()), atol=ELO_TOLERANCE)


def test_choixs_optimiser_agrees() -> None:
    credit = random_credit(0)[:6, :6]
    doubled = [pair for pair in np.ndindex(credit.shape) for _ in range(int(2 * credit[pair]))]
    optimised = choix.opt_pairwise(len(credit), doubled, method="Newton-CG", tol=1e-12)
    np.testing.assert_allclose(maximise(credit).strengths, optimised - optimised.mean(), atol=1e-6)


def test_a_chain_of_nearly_certain_wins_is_found() -> None:
    length = 40
    credit = np.zeros((length, length))
    for i in range(length - 1):
        credit[i, i + 1], credit[i + 1, i] = 999, 1
    np.testing.assert_allclose(-np.diff(maximise(credit).strengths), np.log(999), atol=1e-8)


def test_strengths_do_not_move_when_all_votes_are_a_million_times_as_many() -> None:
    np.testing.assert_allclose(maximise(BASEBALL).strengths, maximise(1e6 * BASEBALL).strengths, atol=1e-12)


def test_an_unfinished_fit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(newton, "MAX_ITERATIONS", 2)
    with pytest.raises(NotConverged, match="did not converge in 2 iterations: last step"):
        maximise(BASEBALL)


def test_the_centred_inverse_is_the_pseudo_inverse() -> None:
    weights = BASEBALL + BASEBALL.T
    np.testing.assert_allclose(
        centred_inverse(laplacian(weights)), np.linalg.pinv(laplacian(weights)), atol=1e-12
    )
