"""One pass from votes to counts by pair, side and outcome, compiled where that pays for an import."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib.util import find_spec
from itertools import pairwise
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from elo.arrays import Floats
from elo.votes.coding import Codes
from elo.votes.tally import OUTCOMES

Number = TypeVar("Number", bound=np.generic)

MANY = 1_000_000
"""Votes from which compiled loops save more than a few milliseconds. Importing numba takes half a second."""
BLOCK = 1 << 17
"""Votes counted together by numpy: their cells, 8 bytes each, stay in the second-level cache."""


def count(
    a: Codes, b: Codes, outcome: Codes, weight: Floats, contenders: int, *, compiled: bool = True
) -> Floats:
    """Sum the weight of the votes on each pair, side and outcome.

    Args:
        a: shape (N,), the code of the contender on side a, below `contenders`.
        b: shape (N,), that on side b.
        outcome: shape (N,), the place in `OUTCOMES`.
        weight: shape (N,).
        contenders: how many there are, K.
        compiled: whether compiled loops may be used.

    Returns:
        Shape (K, K, 4).
    """
    counted = _compiled if compiled and len(a) >= MANY and can_compile() else _in_blocks
    if is_constant(weight):
        return counted(a, b, outcome, None, contenders) * weight[:1]
    return counted(a, b, outcome, weight, contenders)


def is_constant(weight: Floats) -> bool:
    """Return whether the weights, shape (N,), are one number repeated: there is no column of weights."""
    return weight.strides == (0,)


@cache
def can_compile() -> bool:
    """Return whether numba is installed; it comes with `pip install ".[fast]"`."""
    return find_spec("numba") is not None


def threads() -> int:
    """Return the number of threads that count."""
    return min(os.cpu_count() or 1, 4)


def look_up(a: Codes, b: Codes, outcome: Codes, table: NDArray[Number]) -> NDArray[Number]:
    """Look up each vote's pair and outcome in a table of shape (K, K, 4); return shape (N,)."""
    if len(a) >= MANY and can_compile():
        from elo.votes import kernels  # numba may not be installed

        found = np.empty(len(a), dtype=table.dtype)
        edges = np.linspace(0, len(a), threads() + 1, dtype=int).tolist()
        parts = [slice(first, last) for first, last in pairwise(edges)]
        with ThreadPoolExecutor(threads()) as pool:
            list(
                pool.map(
                    lambda rows: kernels.look_up(a[rows], b[rows], outcome[rows], table, found[rows]), parts
                )
            )
        return found
    return table[a, b, outcome]


def _in_blocks(a: Codes, b: Codes, outcome: Codes, weight: Floats | None, contenders: int) -> Floats:
    shape = (contenders, contenders, len(OUTCOMES))
    counts = np.zeros(contenders**2 * len(OUTCOMES))
    for start in range(0, len(a), BLOCK):
        rows = slice(start, start + BLOCK)
        cell = a[rows].astype(np.intp)
        cell = (cell * contenders + b[rows]) * len(OUTCOMES) + outcome[rows]
        counts += np.bincount(cell, None if weight is None else weight[rows], minlength=len(counts))
    return counts.reshape(shape)


def _compiled(a: Codes, b: Codes, outcome: Codes, weight: Floats | None, contenders: int) -> Floats:
    from elo.votes import kernels  # numba may not be installed

    shape = (contenders, contenders, len(OUTCOMES))

    def part(start: int, stop: int) -> Floats:
        rows = slice(start, stop)
        columns = a[rows], b[rows], outcome[rows]
        if weight is None:
            counts = np.zeros(shape, dtype=np.int64)
            kernels.count(*columns, counts)
            return counts.astype(np.float64)
        sums = np.zeros(shape)
        kernels.add_weights(*columns, weight[rows], sums)
        return sums

    edges = np.linspace(0, len(a), threads() + 1, dtype=int).tolist()
    with ThreadPoolExecutor(threads()) as pool:
        parts = list(pool.map(part, edges[:-1], edges[1:]))
    total: Floats = np.sum(parts, axis=0)
    return total
