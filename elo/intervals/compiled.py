"""Sums over the clusters of millions of rows by compiled loops: the same results as numpy's, sooner.

Rows are first parted into blocks of clusters, so that what follows for a block stays in a core's cache.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from elo.votes.counting import MANY, can_compile, is_constant, threads
from elo.votes.tally import Floats

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
    """Shape (N,)."""
    item: Integers
    """Shape (N,): what each row brought with it."""
    edges: list[int]
    """The first place of each block, and N."""
    shift: int


class Sorted(NamedTuple):
    """Rows in the order of their clusters."""

    item: Integers
    bounds: Integers
    """Shape (G + 1,): the first place of each cluster, and N."""


class Rows(NamedTuple):
    """Rows by the pair of values that they have in two columns."""

    cell: Integers
    weight: Floats
    cluster: Integers
    """Shape (N,): the pair, 0, 1, 2, ... in order."""
    groups: int


def worth_compiling(rows: int) -> bool:
    """Whether there are so many rows that compiled loops pay."""
    return rows >= MANY and can_compile()


def clustered_meat(
    members: Integers,
    values: Floats,
    size: int,
    cell: Integers,
    weight: Floats,
    cluster: Integers,
    groups: int,
) -> Floats:
    """Shape (P, P): sum over clusters of summed score times summed score'.

    Args:
        members: shape (I, C), the parameters that the score of a vote of each cell has a part in.
        values: shape (I, C), those parts.
        size: the number of parameters, P.
        cell: shape (N,), each row's cell.
        weight: shape (N,), what each row's votes count for together.
        cluster: shape (N,), each row's cluster.
        groups: how many clusters there are.
    """
    table = np.ascontiguousarray(members.T, dtype=np.int32), np.ascontiguousarray(values.T)
    item = cell if is_constant(weight) else np.arange(len(cell), dtype=np.int32)

    def of_items(items: Integers) -> tuple[Integers, Floats]:
        constant = is_constant(weight)
        return (items, weight[: len(items)]) if constant else (cell[items], weight[items])

    if groups * size > DENSE * len(cell):
        return _sparse_meat(by_cluster(cluster, item, groups), of_items, table, size)
    return _dense_meat(part(cluster, item, groups, size), of_items, table, groups, size)


def _dense_meat(
    parted: Parted,
    of_items: Callable[[Integers], tuple[Integers, Floats]],
    table: tuple[Integers, Floats],
    groups: int,
    size: int,
) -> Floats:
    from elo.intervals import kernels  # numba may not be installed

    def products(block: int) -> Floats:
        rows = slice(parted.edges[block], parted.edges[block + 1])
        first = block << parted.shift
        lines, lower = np.zeros((min(groups - first, 1 << parted.shift), size)), np.zeros((size, size))
        kernels.add_scores(parted.cluster[rows], *of_items(parted.item[rows]), *table, first, lines)
        kernels.add_line_products(lines, lower)
        return lower

    once = np.zeros((size, size))
    with ThreadPoolExecutor(threads()) as pool:
        for lower in pool.map(products, range(len(parted.edges) - 1)):
            once += lower
    return _mirrored(once)


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

    return _mirrored(np.sum(_each(products, _even(rows.bounds)), axis=0))


def sum_by_cluster(value: Floats, cell: Integers, weight: Floats, cluster: Integers, groups: int) -> Floats:
    """Shape (G,): each cluster's sum of weight times the value of the cell, shape (C,)."""
    from elo.intervals import kernels

    sums = np.zeros(groups)
    kernels.sum_by_cluster(cluster, cell, weight, value, sums)
    return sums


def pair_up(
    first: Integers, groups: int, second: Integers, seconds: int, cell: Integers, weight: Floats
) -> Rows:
    """Put rows side by side that have equal codes in both of two columns.

    Args:
        first: shape (N,), codes below `groups`.
        groups: how many codes the first column has.
        second: shape (N,), codes below `seconds`.
        seconds: how many codes the second column has.
        cell: shape (N,), each row's cell.
        weight: shape (N,).
    """
    from elo.intervals import kernels

    constant = is_constant(weight)
    packed = np.empty(len(cell), dtype=np.int64)

    def pack(begin: int, end: int) -> None:
        np.left_shift(second[begin:end], 32, out=packed[begin:end], dtype=np.int64, casting="unsafe")
        packed[begin:end] |= cell[begin:end] if constant else np.arange(begin, end)

    _each(pack, _ranges(len(cell)))
    rows = by_cluster(first, packed, groups)
    item, number = np.empty((2, len(first)), dtype=np.int32)

    def pairs(begin: int, end: int) -> int:
        bounds = rows.bounds[begin : end + 1]
        places = slice(bounds[0], bounds[-1])
        last = np.full(seconds, -1, dtype=np.int32)
        before = np.empty(bounds[-1] - bounds[0], dtype=np.int32)
        return kernels.pair_up(
            bounds - bounds[0], rows.item[places], last, before, item[places], number[places]
        )

    ranges = _even(rows.bounds)
    count = 0
    for (begin, end), found in zip(ranges, _each(pairs, ranges), strict=True):
        number[rows.bounds[begin] : rows.bounds[end]] += count
        count += found
    return Rows(item if constant else cell[item], weight if constant else weight[item], number, count)


def by_cluster(cluster: Integers, item: Integers, groups: int) -> Sorted:
    """Sort what rows bring with them by cluster: by block first, then inside each."""
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

    _each(sort, [(block,) for block in range(len(parted.edges) - 1)])
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
    _each(lambda own, count: kernels.count_rows(cluster[own], shift, count), zip(rows, counts, strict=True))
    ends = np.cumsum(counts.T).reshape(blocks, -1).T
    cursor = np.ascontiguousarray(ends - counts)
    parted = Parted(
        np.empty(len(cluster), dtype=np.int32), np.empty_like(item), [0, *ends[-1].tolist()], shift
    )
    _each(
        lambda own, next_: kernels.partition(
            cluster[own], item[own], shift, next_, parted.cluster, parted.item
        ),
        zip(rows, cursor, strict=True),
    )
    return parted


def _mirrored(once: Floats) -> Floats:
    """A symmetric matrix from sums in which i, j and j, i share their part."""
    return once + once.T - np.diag(np.diag(once))


def _ranges(rows: int) -> list[tuple[int, int]]:
    return list(itertools.pairwise(np.linspace(0, rows, threads() + 1, dtype=int).tolist()))


def _even(bounds: Integers) -> list[tuple[int, int]]:
    """Split clusters into as many ranges as threads, with about as many rows each."""
    wanted = np.linspace(0, bounds[-1], threads() + 1)
    return list(itertools.pairwise(np.searchsorted(bounds, wanted).tolist()))


def _each(work: Callable[..., Result], arguments: Iterable[tuple[Any, ...]]) -> list[Result]:
    with ThreadPoolExecutor(threads()) as pool:
        return list(pool.map(lambda each: work(*each), arguments))
