from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import beta, betabinom

from elo import Votes
from elo.raters.severity import severity
from tests.factories_elo import Cell, World, votes_of


def judged(*counts: tuple[int, int]) -> Votes:
    """Raters 0, 1, ... with so many both_bad and so many other votes."""
    cells = [
        cell
        for rater, (bad, other) in enumerate(counts)
        for cell in (Cell("x", "y", "both_bad", bad, 0, rater), Cell("x", "y", "a", other, 0, rater))
    ]
    return votes_of(*cells, clustered=True)


def test_rates_are_drawn_towards_the_mean_more_with_fewer_votes() -> None:
    found = severity(judged((5, 5), (50, 50), (1, 99), (2, 98), (30, 70), (8, 92)))
    by_rater = {row.rater: row for row in found.raters}
    assert by_rater[0].share == by_rater[1].share == 0.5
    assert found.mean < by_rater[0].rate < by_rater[1].rate < 0.5
    assert found.raters[0].rater == 1


def test_the_concentration_maximises_the_beta_binomial_likelihood() -> None:
    counts = ((5, 5), (50, 50), (1, 99), (2, 98), (30, 70), (8, 92))
    found = severity(judged(*counts))

    def likelihood(c: float) -> float:
        return sum(
            betabinom.logpmf(bad, bad + other, found.mean * c, (1 - found.mean) * c) for bad, other in counts
        )

    grid = np.geomspace(0.5, 100, 400)
    assert likelihood(found.concentration) >= max(map(likelihood, grid)) - 1e-6


def test_limits_are_those_of_the_posterior() -> None:
    found = severity(judged((5, 5), (1, 99), (30, 70)), level=0.9)
    row = next(row for row in found.raters if row.rater == 0)
    c, mean = found.concentration, found.mean
    assert (row.lower, row.upper) == pytest.approx(beta.interval(0.9, mean * c + 5, (1 - mean) * c + 5))


def test_raters_of_equal_severity_are_not_told_apart() -> None:
    found = severity(World(votes=4000, ties=0.2).draw(3), outcomes=("tie",))
    rates = [row.rate for row in found.raters]
    assert (
        max(rates) - min(rates)
        < 0.1
        < max(row.share for row in found.raters) - min(row.share for row in found.raters)
    )


@pytest.mark.slow
def test_intervals_cover_the_raters_own_rates() -> None:
    rng = np.random.default_rng(9)
    covered = []
    for _ in range(40):
        truth = rng.beta(2, 8, 50)
        bad = rng.binomial(40, truth)
        found = severity(judged(*((int(b), 40 - int(b)) for b in bad)))
        covered += [row.lower <= truth[int(str(row.rater))] <= row.upper for row in found.raters]
    assert 0.93 <= np.mean(covered) <= 0.97


def test_votes_that_are_all_severe_or_none_show_no_difference_between_raters() -> None:
    for votes in (judged((0, 10), (0, 20)), judged((10, 0), (20, 0))):
        with pytest.raises(ValueError, match=r"(All|None) of the votes have the outcome both_bad"):
            severity(votes)


def test_unknown_outcomes_and_votes_without_raters_are_refused() -> None:
    votes = judged((1, 1), (1, 1))
    with pytest.raises(
        ValueError, match=r"Unknown outcomes \['bad'\]. Known, one or more: a, b, tie, both_bad"
    ):
        severity(votes, outcomes=("bad",))
    with pytest.raises(ValueError, match=r"^Severity needs to know each vote's rater"):
        severity(replace(votes, rater=None))
    with pytest.raises(ValueError, match="Severity needs 2 raters or more"):
        severity(judged((1, 1)))


def test_one_outcome_is_given_as_several() -> None:
    with pytest.raises(
        ValueError, match=r"outcomes='tie' is one name, where several may stand: give \('tie',\)"
    ):
        severity(World().draw(0), outcomes="tie")
