"""Columns of labels turned into columns of small integers, with errors that name the row."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Codes: TypeAlias = NDArray[np.unsignedinteger[Any]]
Counts: TypeAlias = NDArray[np.int64]


def encode(column: str, values: Sequence[Hashable], known: Sequence[Hashable] | None = None) -> Codes:
    """Replace each value by its place in `known`, or by its order of first appearance.

    Args:
        column: the column's name, for the error.
        values: N labels.
        known: the labels allowed, in the order of their codes; None allows any but None.

    Returns:
        N codes in the smallest unsigned type that holds them.

    Raises:
        ValueError: a value is missing or not in `known`; names the row (counted from 0), the value and what
            is allowed.
    """
    index = {label: code for code, label in enumerate(dict.fromkeys(values) if known is None else known)}
    index.pop(None, None)
    dtype = np.min_scalar_type(max(len(index) - 1, 0))
    try:
        return np.fromiter(map(index.__getitem__, values), dtype, count=len(values))
    except KeyError:
        row, value = next((row, value) for row, value in enumerate(values) if value not in index)
        allowed = "any label" if known is None else ", ".join(map(str, known))
        raise ValueError(f"Unknown {column} {value!r} in row {row}. Known: {allowed}.") from None


def compact(codes: Codes) -> Codes:
    """Renumber codes so that those in use are 0, 1, 2, ... without a gap."""
    seen = np.bincount(codes) > 0
    return (np.cumsum(seen) - 1).astype(codes.dtype)[codes]


def whole_counts(weight: Sequence[float] | None, rows: int) -> Counts:
    """Check that weights are counts of votes: whole and not negative. None is one vote a row."""
    if weight is None:
        return np.broadcast_to(np.int64(1), rows)
    values = np.asarray(weight, dtype=np.float64)
    wrong = ~(np.isfinite(values) & (values >= 0) & (values == np.floor(values)))
    if wrong.any():
        row = int(np.argmax(wrong))
        raise ValueError(
            f"Weight {values[row]:g} in row {row} is no count of equal votes. Allowed: 0, 1, 2, ..."
        )
    return values.astype(np.int64)
