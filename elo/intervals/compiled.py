"""Sums over the clusters of millions of rows by compiled loops: the same results as numpy's, sooner.

Rows are first parted into blocks of clusters, so that what follows for a block stays in a core's cache.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from elo.arrays import Floats
from elo.votes.counting import MANY, can_compile, is_constant, threads

Integers = NDArray[np.integer[Any]]
Result = TypeVar("Result")

BLOCK_NUMBERS = 1 << 17
"""Numbers in the table of a block's scores: 1 MB, to stay in the second-level cache."""
MOST_BLOCKS = 2048
"""Places written to in turn, of which the first-level cache holds a line each."""
DENSE = 16
"""Numbers in a table of all scores for each row, above which products of the few not zero are quicker."""


class Parted(NamedTuple):
    """Rows in the order of blocks of 2^shift clusters."""

    cluster: Integers
    """Cluster of each row, shape (N,)."""
    item: Integers
    """Item of each row, such as its cell, shape (N,)."""
    edges: list[int]
    """First place of each block, and N."""
    shift: int


class Sorted(NamedTuple):
    """Rows in the order of their clusters."""

    item: Integers
    bounds: Integers
    """First place of each cluster, and N, shape (G + 1,)."""


class ScoreTable(NamedTuple):
    """The score of one vote of each cell."""

    members: Integers
    """Parameters that each score has a part in, shape (I, C)."""
    values: Floats
    """Derivatives by these parameters, shape (I, C)."""
    size: int
    """Number of parameters, P."""

    def by_cell(self) -> tuple[Integers, Floats]:
        """Members and values of shape (C, I)."""
        return np.ascontiguousarray(self.members.T, dtype=np.int32), np.ascontiguousarray(self.values.T)


class Column(NamedTuple):
    """One kind of cluster."""

    code: Integers
    """Cluster of each row, below `groups`, shape (N,)."""
    groups: int


class PairProducts(NamedTuple):
    """Sums over the pairs of clusters of two kinds that some row belongs to."""

    meat: Floats
    """Sum of summed score times summed score' over pairs with several rows, shape (P, P)."""
    singles: Floats
    """Sum of squared weights of the rows that are alone in their pair, shape (C,)."""
    pairs: int
    """Number of pairs."""
    most_votes: float
    """Largest sum of weights in one pair."""


def worth_compiling(rows: int) -> bool:
    """Return whether there are so many rows that compiled loops pay."""
    return rows >= MANY and can_compile()


def clustered_meat(
    scores: ScoreTable, cell: Integers, weight: Floats, cluster: Integers, groups: int
) -> Floats:
    """Return the sum over clusters of summed score times summed score', shape (P, P).

    Args:
        scores: of a vote of each cell.
        cell: shape (N,), each row's cell.
        weight: shape (N,), what each row's votes count for together.
        cluster: shape (N,), each row's cluster.
        groups: how many clusters there are.
    """
    table, size = scores.by_cell(), scores.size
    item = cell if is_constant(weight) else np.arange(len(cell), dtype=np.int32)

    def of_items(items: Integers) -> tuple[Integers, Floats]:
        constant = is_constant(weight)
        return (items, weight[: len(items)]) if constant else (cell[items], weight[items])

    if groups * size > DENSE * len(cell):
        return _sparse_meat(by_cluster(cluster, item, groups), of_items, table, size)
    return _dense_meat(part(cluster, item, groups, size), of_items, table, size)


def _dense_meat(
    parted: Parted,
    of_items: Callable[[Integers], tuple[Integers, Floats]],
    table: tuple[Integers, Floats],
    size: int,
) -> Floats:
    from elo.intervals import kernels  # numba may not be installed

    def products(first: int, last: int) -> Floats:
        lines, lower = np.empty((1 << parted.shift, size)), np.zeros((size, size))
        for block in range(first, last):
            rows = slice(parted.edges[block], parted.edges[block + 1])
            lines[:] = 0
            kernels.add_scores(
                parted.cluster[rows], *of_items(parted.item[rows]), *table, block << parted.shift, lines
            )
            kernels.add_line_products(lines, lower)
        return lower

    return _mirrored(np.sum(in_threads(products, even_ranges(parted.edges)), axis=0))


def _sparse_meat(
    rows: Sorted,
    of_items: Callable[[Integers], tuple[Integers, Floats]],
    table: tuple[Integers, Floats],
    size: int,
) -> Floats:
    from elo.intervals import kernels

    def products(first: int, last: int) -> Floats:
        bounds = rows.bounds[first : last + 1]
        found = np.zeros((size, size))
        items = of_items(rows.item[bounds[0] : bounds[-1]])
        kernels.add_products(bounds - bounds[0], *items, *table, found)
        return found

    return _mirrored(np.sum(in_threads(products, even_ranges(rows.bounds)), axis=0))


def sum_by_cluster(value: Floats, cell: Integers, weight: Floats, cluster: Integers, groups: int) -> Floats:
    """Return each cluster's sum of weight times the value of the cell, (C,) to (G,)."""
    from elo.intervals import kernels

    def sums(first: int, last: int) -> Floats:
        rows, own = slice(first, last), np.zeros(groups)
        kernels.sum_by_cluster(cluster[rows], cell[rows], weight[rows], value, own)
        return own

    return np.asarray(np.sum(in_threads(sums, _ranges(len(cluster))), axis=0))


def votes_by_cluster(weight: Floats, cluster: Integers, groups: int) -> Floats:
    """Return each cluster's sum of weights, shape (G,)."""
    from elo.intervals import kernels

    def sums(first: int, last: int) -> Floats:
        own = np.zeros(groups)
        kernels.add_weights(cluster[first:last], weight[first:last], own)
        return own

    return np.asarray(np.sum(in_threads(sums, _ranges(len(cluster))), axis=0))


def pair_products(
    scores: ScoreTable, cell: Integers, weight: Floats, first: Column, second: Column
) -> PairProducts:
    """Return products of the summed scores of rows that share their clusters of two kinds.

    Args:
        scores: of a vote of each cell.
        cell: shape (N,), each row's cell.
        weight: shape (N,), what each row's votes count for together.
        first: each row's cluster of the first kind.
        second: each row's cluster of the second kind.
    """
    from elo.intervals import kernels

    constant = is_constant(weight)
    packed = np.empty(len(cell), dtype=np.int64)

    def pack(begin: int, end: int) -> None:
        np.left_shift(second.code[begin:end], 32, out=packed[begin:end], dtype=np.int64, casting="unsafe")
        packed[begin:end] |= cell[begin:end] if constant else np.arange(begin, end)

    in_threads(pack, _ranges(len(cell)))
    parted = part(first.code, packed, first.groups, BLOCK_NUMBERS)
    edges, table = np.array(parted.edges), scores.by_cell()

    def products(begin: int, end: int) -> tuple[int, float, Floats, Floats]:
        rows = slice(edges[begin], edges[end])
        other = parted.item[rows] >> 32
        item = (parted.item[rows] & 0xFFFFFFFF).astype(np.int32)
        singles = np.zeros(scores.members.shape[1])
        once = np.zeros((scores.size, scores.size))
        columns = edges[begin : end + 1] - edges[begin], parted.cluster[rows], other
        own, votes = (item, weight[: len(item)]) if constant else (cell[item], weight[item])
        pairs, largest = kernels.add_pair_products(*columns, own, votes, *table, singles, once)
        return pairs, largest, singles, once

    counts, largest, singles, once = zip(*in_threads(products, even_ranges(edges)), strict=True)
    meat = _mirrored(np.sum(once, axis=0))
    return PairProducts(meat, np.sum(singles, axis=0), sum(counts), max(largest))


def by_cluster(cluster: Integers, item: Integers, groups: int) -> Sorted:
    """Sort the items of rows, shape (N,), by cluster: by block first, then inside each block."""
    from elo.intervals import kernels

    bounds = np.zeros(groups + 1, dtype=np.int64)
    if cluster[0] == 0 and kernels.find_bounds(cluster, bounds):
        return Sorted(item, bounds)
    parted = part(cluster, item, groups, 1)
    sorted_item = np.empty_like(item)

    def sort(block: int) -> None:
        start, stop = parted.edges[block : block + 2]
        first = block << parted.shift
        own = np.zeros(min(groups - first, 1 << parted.shift) + 1, dtype=np.int64)
        kernels.sort_block(
            parted.cluster[start:stop], parted.item[start:stop], first, start, own, sorted_item[start:stop]
        )
        bounds[first : first + len(own) - 1] = own[:-1]

    in_threads(sort, [(block,) for block in range(len(parted.edges) - 1)])
    bounds[-1] = len(cluster)
    return Sorted(sorted_item, bounds)


def part(cluster: Integers, item: Integers, groups: int, size: int) -> Parted:
    """Part rows into blocks of clusters, each thread a range of rows.

    Args:
        cluster: shape (N,), codes below `groups`.
        item: shape (N,), what to take along.
        groups: how many clusters there are.
        size: numbers to be kept for each cluster: they decide how many clusters a block has.
    """
    from elo.intervals import kernels

    shift = max((BLOCK_NUMBERS // size).bit_length() - 1, (groups // MOST_BLOCKS).bit_length())
    shift = min(shift, (groups // 64).bit_length())
    blocks = ((groups - 1) >> shift) + 1
    rows = [slice(*edge) for edge in _ranges(len(cluster))]
    counts = np.zeros((len(rows), blocks), dtype=np.int64)
    in_threads(
        lambda own, count: kernels.count_rows(cluster[own], shift, count), zip(rows, counts, strict=True)
    )
    ends = np.cumsum(counts.T).reshape(blocks, -1).T
    cursor = np.ascontiguousarray(ends - counts)
    own_cluster = np.empty(len(cluster), dtype=np.int32)
    parted = Parted(own_cluster, np.empty_like(item), [0, *ends[-1].tolist()], shift)
    in_threads(
        lambda own, next_: kernels.partition(
            cluster[own], item[own], shift, next_, parted.cluster, parted.item
        ),
        zip(rows, cursor, strict=True),
    )
    return parted


def _mirrored(once: Floats) -> Floats:
    """Build a symmetric matrix from sums that are split between i, j and j, i."""
    return once + once.T - np.diag(np.diag(once))


def _ranges(rows: int) -> list[tuple[int, int]]:
    return list(itertools.pairwise(np.linspace(0, rows, threads() + 1, dtype=int).tolist()))


def even_ranges(bounds: ArrayLike) -> list[tuple[int, int]]:
    """Split clusters, given by bounds (G + 1,), into a range for each thread with about as many rows."""
    places = np.asarray(bounds)
    wanted = np.linspace(0, places[-1], threads() + 1)
    return list(itertools.pairwise(np.searchsorted(places, wanted).tolist()))


def in_threads(work: Callable[..., Result], arguments: Iterable[tuple[Any, ...]]) -> list[Result]:
    """Return the results of calls in several threads, in order."""
    with ThreadPoolExecutor(threads()) as pool:
        return list(pool.map(lambda each: work(*each), arguments))
