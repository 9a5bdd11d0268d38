"""Compiled counting. Imported only where numba is installed and the votes are many: see `counting`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

import numpy as np
from numba import njit
from numpy.typing import NDArray

from elo.arrays import Floats
from elo.votes.coding import Codes

Counts = NDArray[np.int64]
Loop = TypeVar("Loop", bound=Callable[..., object])
compiled = cast("Callable[[Loop], Loop]", njit(cache=True, nogil=True))


@compiled
def count(a: Codes, b: Codes, outcome: Codes, counts: Counts) -> None:
    """Add each vote to `counts`, shape (K, K, 4)."""
    for vote in range(len(a)):
        counts[a[vote], b[vote], outcome[vote]] += 1


@compiled
def add_weights(a: Codes, b: Codes, outcome: Codes, weight: Floats, sums: Floats) -> None:
    """Add each vote's weight to `sums`, shape (K, K, 4)."""
    for vote in range(len(a)):
        sums[a[vote], b[vote], outcome[vote]] += weight[vote]


@compiled
def look_up(
    a: Codes, b: Codes, outcome: Codes, table: NDArray[np.generic], found: NDArray[np.generic]
) -> None:
    """Write the place of `table`, shape (K, K, 4), that belongs to each vote to `found`."""
    for vote in range(len(a)):
        found[vote] = table[a[vote], b[vote], outcome[vote]]
