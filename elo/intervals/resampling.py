"""Resamples of votes: how often each vote, or all votes of a rater or prompt, enter each of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np
import scipy
from numpy.typing import NDArray

from elo.arguments import Resampling
from elo.arrays import Floats
from elo.models.cells import Cells

BLOCK_CELLS = 200_000
"""Numbers in one block of resamples, so that what they need stays in the processor's cache."""
MANY_VOTES = 30
"""Votes in a cell from which normal draws replace Poisson's, whose skewness is then below 0.2."""


def resampled_cells(
    cells: Cells, clusters: Mapping[str, NDArray[np.integer]], kind: Resampling, rounds: int, seed: int
) -> Iterator[Floats]:
    """Yield blocks of resampled counts, shape (block, *shape of the cells' counts).

    Without clusters, each vote enters Poisson(1) times (Hanley and MacGibbon 2006, Biostatistics 7): cell by
    cell, whatever the number of votes. The total is then random, which moves no estimate, since scores sum to
    zero. With clusters of one kind, clusters are drawn with replacement and bring all their votes. With two,
    a vote counts as often as its rater was drawn times as often as its prompt was: the pigeonhole bootstrap
    (Owen 2007, Annals of Applied Statistics 1), which is known to be too wide: it counts the part of the
    variance that belongs to single votes three times. Kind `bayesian` replaces all these counts by
    exponential weights (Rubin 1981, Annals of Statistics 9; by clusters likewise).

    Args:
        cells: of the votes fitted; by rows where there are clusters.
        clusters: for each kind of cluster, shape (N,): each row's as 0, 1, 2, ... without a gap.
        kind: counts, or exponential weights.
        rounds: how many resamples in all.
        seed: of the generator.
    """
    rng = np.random.default_rng(seed)
    draw = _by_cluster(cells, clusters, kind, rng) if clusters else _by_vote(cells, kind, rng)
    across = cells.counts.size
    if len(clusters) == 2:
        across = max(across, len(_rows(cells)[0]))
    for start in range(0, rounds, size := max(BLOCK_CELLS // across, 1)):
        yield draw(min(size, rounds - start)).reshape(-1, *cells.counts.shape)


def _by_vote(cells: Cells, kind: Resampling, rng: np.random.Generator) -> Callable[[int], Floats]:
    counts, squares = cells.counts.ravel(), cells.squares.ravel()
    each = np.divide(squares, counts, out=np.zeros_like(counts), where=counts > 0)
    number = np.divide(counts, each, out=np.zeros_like(counts), where=counts > 0)
    few = np.flatnonzero((number > 0) & (number < MANY_VOTES))
    spread = np.sqrt(number)

    def draw(rounds: int) -> Floats:
        shape = (rounds, len(counts))
        if kind == "bayesian":
            return each * rng.standard_gamma(number, shape)
        resampled = rng.standard_normal(shape) if np.any(number >= MANY_VOTES) else np.zeros(shape)
        resampled *= spread
        resampled += number
        resampled[:, few] = rng.poisson(number[few], (rounds, len(few)))
        resampled *= each
        return resampled

    return draw


def _by_cluster(
    cells: Cells, clusters: Mapping[str, NDArray[np.integer]], kind: Resampling, rng: np.random.Generator
) -> Callable[[int], Floats]:
    cell, weight = _rows(cells)
    columns = list(clusters.values())
    sizes = [int(column.max()) + 1 for column in columns]
    # One kind of cluster: add up each one's votes once. Two: rows are what the product of draws belongs to.
    places = columns[0] if len(columns) == 1 else np.arange(len(cell))
    shape = (int(places.max()) + 1, cells.counts.size)
    held = scipy.sparse.csr_array((weight, (places, cell)), shape=shape)

    def draw(rounds: int) -> Floats:
        drawn = [_cluster_weights(size, kind, rounds, rng) for size in sizes]
        if len(drawn) > 1:
            drawn = [drawn[0][:, columns[0]] * drawn[1][:, columns[1]]]
        return np.asarray(drawn[0] @ held)

    return draw


def _cluster_weights(size: int, kind: Resampling, rounds: int, rng: np.random.Generator) -> Floats:
    if kind == "bayesian":
        return rng.standard_exponential((rounds, size))
    return rng.multinomial(size, np.full(size, 1 / size), rounds).astype(np.float64)


def _rows(cells: Cells) -> tuple[NDArray[np.integer], Floats]:
    if cells.cell is None or cells.weight is None:
        raise ValueError(
            "A tally does not say whose votes it counts. Give the votes, or leave clusters= out."
        )
    return cells.cell, cells.weight
