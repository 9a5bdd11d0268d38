"""EM for raters of different reliability, against the likelihood written out."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

from elo.arrays import Floats
from elo.models.bradley_terry import NotConverged
from elo.raters import crowd_bt
from elo.raters.crowd_bt import Decisions, Maximum, Prior, climb, posterior_limits, take_at_word

PRIOR = Prior(alpha=10.0, beta=2.0, virtual_votes=1.0)
RATERS, SIZE = 6, 4


def decisions(seed: int = 1, votes: int = 240, reliability: Floats | None = None) -> Decisions:
    """Draw decisions of raters with these probabilities of answering as the strengths say."""
    rng = np.random.default_rng(seed)
    eta = np.full(RATERS, 0.9) if reliability is None else reliability
    strengths = np.linspace(1, -1, SIZE)
    rater = rng.integers(0, RATERS, votes)
    a = rng.integers(0, SIZE, votes)
    b = (a + rng.integers(1, SIZE, votes)) % SIZE
    first = rng.random(votes) < expit(strengths[a] - strengths[b])
    kept = first == (rng.random(votes) < eta[rater])
    return Decisions(rater, np.where(kept, a, b), np.where(kept, b, a), np.ones(votes))


def log_posterior(found: Decisions, strengths: Floats, eta: Floats, prior: Prior = PRIOR) -> float:
    p = expit(strengths[found.winner] - strengths[found.loser])
    likelihood = found.weight @ np.log(eta[found.rater] * p + (1 - eta[found.rater]) * (1 - p))
    to_virtual = expit(strengths[:-1] - strengths[-1])
    ties = prior.virtual_votes / 2 * np.log(to_virtual * (1 - to_virtual)).sum()
    beta = ((prior.alpha - 1) * np.log(eta) + (prior.beta - 1) * np.log1p(-eta)).sum()
    return float(likelihood + ties + beta)


def maximum(found: Decisions, prior: Prior = PRIOR) -> Maximum:
    return climb(found, take_at_word(found, SIZE, prior), RATERS, prior)


FOUND = decisions()


@pytest.fixture(scope="module")
def best() -> Maximum:
    return maximum(FOUND)


def test_the_last_log_posterior_is_that_of_its_formula(best: Maximum) -> None:
    expected = log_posterior(FOUND, best.strengths, best.reliability)
    assert best.log_posterior[-1] == pytest.approx(expected, rel=1e-9)


def test_the_log_posterior_never_falls(best: Maximum) -> None:
    steps = np.diff(best.log_posterior)
    assert (steps >= -1e-9).all()


@pytest.mark.parametrize("seed", [3, 4])
def test_nothing_near_the_maximum_is_higher(seed: int, best: Maximum) -> None:
    rng = np.random.default_rng(seed)
    highest = log_posterior(FOUND, best.strengths, best.reliability)
    for _ in range(30):
        strengths = best.strengths + rng.normal(0, 0.05, SIZE + 1)
        eta = np.clip(best.reliability + rng.normal(0, 0.02, RATERS), 0.01, 0.99)
        assert log_posterior(FOUND, strengths, eta) < highest


def test_raters_who_answer_the_wrong_way_round_are_found() -> None:
    eta = np.array([0.95, 0.95, 0.95, 0.95, 0.95, 0.1])
    best = maximum(decisions(5, votes=900, reliability=eta))
    assert best.reliability.argmin() == RATERS - 1
    assert best.reliability[-1] < 0.4 < best.reliability[:-1].min()


def test_reliabilities_spread_the_strengths(best: Maximum) -> None:
    plain = take_at_word(FOUND, SIZE, PRIOR)
    assert np.ptp(best.strengths[:-1]) > np.ptp(plain[:-1])


def test_a_strong_prior_of_perfect_raters_gives_the_plain_strengths() -> None:
    found = decisions(7)
    prior = Prior(alpha=1e7, beta=1.0 + 1e-6, virtual_votes=1.0)
    np.testing.assert_allclose(maximum(found, prior).strengths, take_at_word(found, SIZE, prior), atol=1e-3)


def test_counted_decisions_are_as_good_as_rows(best: Maximum) -> None:
    key = np.stack((FOUND.rater, FOUND.winner, FOUND.loser))
    (rater, winner, loser), weight = np.unique(key, axis=1, return_counts=True)
    counted = Decisions(rater, winner, loser, weight.astype(np.float64))
    np.testing.assert_allclose(maximum(counted).strengths, best.strengths, atol=1e-7)


@pytest.mark.parametrize("level", [0.5, 0.95])
def test_limits_are_quantiles_of_the_posterior_given_the_strengths(level: float, best: Maximum) -> None:
    found = FOUND
    lower, upper = posterior_limits(found, best.strengths, RATERS, PRIOR, level)
    grid = (np.arange(4000) + 0.5) / 4000
    for rater in range(RATERS):
        own = found.rater == rater
        p = expit(best.strengths[found.winner[own]] - best.strengths[found.loser[own]])
        log_density = np.log(grid[:, None] * p + (1 - grid[:, None]) * (1 - p)).sum(axis=1)
        log_density += (PRIOR.alpha - 1) * np.log(grid) + (PRIOR.beta - 1) * np.log1p(-grid)
        below = np.cumsum(np.exp(log_density - log_density.max()))
        expected = np.interp([(1 - level) / 2, (1 + level) / 2], below / below[-1], grid)
        np.testing.assert_allclose((lower[rater], upper[rater]), expected, atol=5e-3)


def test_a_rater_without_decisions_has_the_prior_s_limits() -> None:
    found = decisions(10)
    lower, upper = posterior_limits(found, take_at_word(found, SIZE, PRIOR), RATERS + 1, PRIOR, 0.95)
    assert (lower[-1], upper[-1]) == pytest.approx((0.587, 0.977), abs=0.01)  # Beta(10, 2)


def test_em_that_does_not_settle_says_how_far_it_still_moves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crowd_bt, "MAX_ITERATIONS", 2)
    with pytest.raises(NotConverged, match=r"EM still moves by .* after 2 iterations \(allowed 1e-08\)"):
        maximum(decisions(11))
