"""How often votes enter resamples: means, variances, and what goes together."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest

from elo.arguments import Resampling
from elo.arrays import Floats
from elo.intervals.resampling import BLOCK_CELLS, MANY_VOTES, resampled_cells
from elo.models.cells import Cells, cells_of_tally, cells_of_votes
from tests.factories_elo import Cell, World, votes_of

ROUNDS = 4000
FEW = cells_of_tally(
    votes_of(Cell("x", "y", "a", 3), Cell("x", "y", "b", 20), Cell("y", "z", "a", 900)).tally()
)
VOTES = World(contenders=3, votes=60, raters=6, prompts=5).draw(8)
ROWS = cells_of_votes(VOTES)


def drawn(cells: Cells, kinds: Sequence[str] = (), kind: Resampling = "resample", seed: int = 1) -> Floats:
    """Return counts of shape (rounds, cells)."""
    clusters = {name: getattr(VOTES, name) for name in kinds}
    blocks = list(resampled_cells(cells, clusters, kind, ROUNDS, seed))
    return np.concatenate(blocks).reshape(ROUNDS, -1)


@pytest.mark.parametrize("kind", ["resample", "bayesian"])
@pytest.mark.parametrize("kinds", [(), ("rater",), ("rater", "prompt")])
def test_each_cell_keeps_its_count_on_average(kind: Resampling, kinds: tuple[str, ...]) -> None:
    cells = ROWS if kinds else FEW
    counts, resamples = cells.counts.ravel(), drawn(cells, kinds, kind)
    errors = resamples.std(axis=0) / np.sqrt(ROUNDS)
    assert (np.abs(resamples.mean(axis=0) - counts) <= 5 * errors + 1e-12).all()


@pytest.mark.parametrize("kind", ["resample", "bayesian"])
def test_votes_that_are_drawn_one_by_one_vary_like_poisson(kind: Resampling) -> None:
    counts = FEW.counts.ravel()
    ratio = drawn(FEW, kind=kind).var(axis=0)[counts > 0] / counts[counts > 0]
    np.testing.assert_allclose(ratio, 1, atol=0.15)


def test_few_votes_are_drawn_as_whole_numbers() -> None:
    counts = FEW.counts.ravel()
    few = drawn(FEW)[:, (counts > 0) & (counts < MANY_VOTES)]
    assert few.shape[1] == 2
    np.testing.assert_array_equal(few, np.round(few))


@pytest.mark.parametrize("kind", ["resample", "bayesian"])
def test_cells_without_votes_stay_empty(kind: Resampling) -> None:
    assert not drawn(FEW, kind=kind)[:, FEW.counts.ravel() == 0].any()


def test_votes_of_a_weight_enter_with_that_weight() -> None:
    cells = cells_of_votes(VOTES, importance=np.full(len(VOTES.outcome), 2.0))
    resamples = drawn(cells)
    np.testing.assert_array_equal(resamples, 2 * np.round(resamples / 2))


def test_a_cluster_brings_all_its_votes() -> None:
    alone = ROWS.cell is not None and np.bincount(ROWS.cell, VOTES.rater == 0, ROWS.counts.size)
    one = np.zeros_like(VOTES.weight)
    one[VOTES.rater == 0] = 1
    cells = Cells(**{**vars(ROWS), "weight": one, "counts": np.asarray(alone).reshape(ROWS.counts.shape)})
    resamples = drawn(cells, ("rater",))
    times = resamples.sum(axis=1) / one.sum()
    np.testing.assert_allclose(resamples, times[:, None] * alone, atol=1e-9)
    np.testing.assert_allclose(times, np.round(times), atol=1e-9)


def test_as_many_clusters_are_drawn_as_there_are() -> None:
    # With one vote for each rater, the total is the number of raters in every round.
    votes = votes_of(*(Cell("x", "y", "a", rater=place) for place in range(8)), clustered=True)
    blocks = resampled_cells(cells_of_votes(votes), {"rater": np.arange(8)}, "resample", 100, 3)
    assert set(np.concatenate(list(blocks)).sum(axis=(1, 2)).tolist()) == {8.0}


def test_two_kinds_of_cluster_multiply() -> None:
    both = drawn(ROWS, ("rater", "prompt")).sum(axis=1)
    one = drawn(ROWS, ("rater",)).sum(axis=1)
    assert both.var() > one.var()
    np.testing.assert_allclose(both, np.round(both), atol=1e-9)


@pytest.mark.parametrize("kinds", [(), ("rater",), ("rater", "prompt")])
def test_a_seed_gives_the_same_draws_again(kinds: tuple[str, ...]) -> None:
    cells = ROWS if kinds else FEW
    np.testing.assert_array_equal(drawn(cells, kinds, seed=4), drawn(cells, kinds, seed=4))
    assert (drawn(cells, kinds, seed=4) != drawn(cells, kinds, seed=5)).any()


def test_blocks_are_small_and_add_up_to_the_rounds() -> None:
    sizes = [len(block) for block in resampled_cells(FEW, {}, "resample", 100_000, 1)]
    assert sum(sizes) == 100_000
    assert max(sizes) * FEW.counts.size <= BLOCK_CELLS
    assert all(size == sizes[0] for size, _ in pairwise(sizes))


def test_clusters_need_the_rows_of_votes() -> None:
    with pytest.raises(ValueError, match="A tally does not say whose votes it counts"):
        next(iter(resampled_cells(FEW, {"rater": np.zeros(1, dtype=np.intp)}, "resample", 2, 1)))
