from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from elo import Votes, fit
from elo.arguments import Cluster, Resampling, Ties
from elo.intervals.bootstrap import Bootstrap, bootstrap
from elo.intervals.resampling import resampled_cells
from elo.models.cells import cells_of_tally, cells_of_votes
from elo.models.newton import maximise
from elo.models.specification import Specification
from tests.factories_elo import Cell, World, votes_of

WORLD = World(contenders=5, votes=1500, raters=60, prompts=40, ties=0.2, rater_sd=1.0)
HALF = Specification()
DAVIDSON = Specification(ties="davidson")


def clusters_of(votes: Votes, *names: str) -> Mapping[str, NDArray[np.integer[Any]]]:
    return {name: getattr(votes, name) for name in names}


def resample(
    votes: Votes,
    *names: str,
    specification: Specification = HALF,
    kind: Resampling = "resample",
    rounds: int = 1000,
    seed: int = 0,
) -> Bootstrap:
    cells = cells_of_votes(votes)
    solution = maximise(specification.problem(cells))
    return bootstrap(
        specification,
        cells,
        solution,
        clusters=clusters_of(votes, *names),
        kind=kind,
        rounds=rounds,
        seed=seed,
    )


@pytest.mark.parametrize("kind", ["resample", "bayesian"])
def test_by_votes_the_spread_is_the_sandwich_of_independent_votes(kind: Resampling) -> None:
    votes = WORLD.draw(1)
    found = resample(votes, kind=kind, rounds=6000)
    expected = fit(votes, clusters=(), scale=1.0).standard_errors
    np.testing.assert_allclose(found.standard_errors, expected, rtol=0.05)


@pytest.mark.parametrize("kind", ["resample", "bayesian"])
@pytest.mark.parametrize("name", ["rater", "prompt"])
def test_by_clusters_the_spread_is_that_of_clusters(kind: Resampling, name: Cluster) -> None:
    votes = WORLD.draw(1)
    found = resample(votes, name, kind=kind, rounds=3000)
    expected = fit(votes, clusters=(name,), scale=1.0).standard_errors
    assert 0.85 < np.mean(found.standard_errors / expected) < 1.1  # CR3 allows for uneven clusters
    if name == "rater":
        assert np.mean(found.standard_errors) > 1.3 * np.mean(resample(votes).standard_errors)


def test_by_rater_and_prompt_the_spread_is_wider_than_by_either() -> None:
    votes = WORLD.draw(1)
    both = resample(votes, "rater", "prompt").standard_errors
    assert (both > resample(votes, "rater").standard_errors).all()
    assert (both > resample(votes, "prompt").standard_errors).all()


def test_independent_votes_have_three_times_their_variance_by_rater_and_prompt() -> None:
    votes = World(contenders=3, votes=2000, raters=200, prompts=200, rater_sd=0.0, prompt_sd=0.0).draw(2)
    both, alone = resample(votes, "rater", "prompt"), resample(votes)
    ratio = np.diag(both.covariance) / np.diag(alone.covariance)
    assert np.mean(ratio) == pytest.approx(3, abs=0.6)  # Owen 2007: single votes' part counts three times


@pytest.mark.parametrize("ties", ["half", "davidson", "rao-kupper"])
def test_each_round_is_the_optimum_of_its_resample(ties: Ties) -> None:
    specification = Specification(ties=ties)
    votes = WORLD.draw(3)
    cells = cells_of_votes(votes)
    solution = maximise(specification.problem(cells))
    clusters = clusters_of(votes, "rater", "prompt")
    found = bootstrap(specification, cells, solution, clusters=clusters, rounds=5, seed=4)
    (blocks,) = resampled_cells(cells, clusters, "resample", 5, 4)
    for draw, counts in zip(found.draws, blocks, strict=True):
        again = maximise(specification.problem(replace(cells, counts=counts)))
        np.testing.assert_allclose(draw, again.theta, atol=1e-3)


def test_percentiles_agree_with_the_spread() -> None:
    found = resample(WORLD.draw(1), specification=DAVIDSON, rounds=4000)
    lower, upper = found.limits(np.eye(6), 0.95)
    np.testing.assert_allclose((upper - lower) / 2, 1.96 * found.standard_errors, rtol=0.08)


def test_a_weight_is_as_many_equal_rows() -> None:
    cells = [Cell("x", "y", "a", 3), Cell("x", "y", "b", 2), Cell("y", "z", "a", 4), Cell("z", "y", "a", 1)]
    repeated = [cell._replace(weight=1) for cell in cells for _ in range(cell.weight)]
    once, again = resample(votes_of(*cells)), resample(votes_of(*repeated))
    np.testing.assert_allclose(once.draws, again.draws)


def test_many_votes_give_the_spread_of_few_scaled_down() -> None:
    tally = WORLD.draw(1).tally()
    cells = cells_of_tally(tally)
    many = replace(cells, counts=cells.counts * 10**4, squares=cells.squares * 10**4)
    solution = maximise(HALF.problem(cells))
    few_errors = bootstrap(HALF, cells, solution, rounds=4000).standard_errors
    many_errors = bootstrap(HALF, many, maximise(HALF.problem(many)), rounds=4000).standard_errors
    np.testing.assert_allclose(many_errors * 100, few_errors, rtol=0.07)


def test_resamples_without_an_optimum_are_counted_and_stay_finite() -> None:
    votes = votes_of(
        Cell("x", "y", "a", 6), Cell("x", "y", "b", 1), Cell("y", "z", "a", 4), Cell("z", "y", "a", 4)
    )
    found = resample(votes, rounds=500)
    assert 100 < found.one_step < 300  # the single win of y over x is left out of exp(-1) of the rounds
    assert np.abs(found.draws).max() < 10


def test_the_seed_decides() -> None:
    votes = WORLD.draw(1)
    first, same, other = (resample(votes, rounds=10, seed=seed).draws for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, same)
    assert not np.array_equal(first, other)
    assert resample(votes, "rater", rounds=10).recipe == "bootstrap by rater, 10 rounds"


def test_what_cannot_be_resampled_is_refused() -> None:
    votes = WORLD.draw(1)
    with pytest.raises(ValueError, match=r"Got kind='wild', rounds=1000\. Known kinds: resample, bayesian"):
        resample(votes, kind="wild")  # type: ignore[arg-type]  # what is refused
    with pytest.raises(ValueError, match="rounds from 2"):
        resample(votes, rounds=1)
    cells = cells_of_tally(votes.tally())
    with pytest.raises(ValueError, match="A tally does not say whose votes"):
        bootstrap(HALF, cells, maximise(HALF.problem(cells)), clusters=clusters_of(votes, "rater"))
