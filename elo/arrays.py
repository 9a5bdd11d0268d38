"""Types of arrays that every room of `elo` uses."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]


def product(first: Floats, second: Floats) -> Floats:
    """Return the matrix product of (n, m) and (m, k) on one thread.

    It is for products of a few million numbers, for which BLAS would wake its other threads: they then turn
    idly for longer than all of the product takes.
    """
    found: Floats = np.einsum("nm,mk->nk", first, second)
    return found
