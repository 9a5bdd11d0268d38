"""Columns of numbers beside the votes: weights, propensities and covariates, checked."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from elo.arguments import shortened
from elo.arrays import Floats


def parsed(name: str, values: Sequence[object], *, decimal_comma: bool = False) -> Floats:
    """Return the numbers that a file holds, shape (N,), NaN where one is missing.

    Args:
        name: the column's name, for the error.
        values: numbers, their text, or None.
        decimal_comma: whether text may have a comma before the decimals.

    Raises:
        ValueError: a value is no number; names the column, the row and the value.
    """
    try:
        return np.array(values, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        found = [_number(value, decimal_comma=decimal_comma) for value in values]
    if None in found:
        row = found.index(None)
        raise ValueError(f"Column {name} holds {shortened(values[row])} in row {row}, which is no number.")
    return np.array(found, dtype=np.float64)


def _number(value: object, *, decimal_comma: bool) -> float | None:
    if value is None:
        return math.nan
    if not isinstance(value, str | int | float):
        return None
    text = str(value).strip()
    try:
        return float(text.replace(",", ".") if decimal_comma else text) if text else math.nan
    except ValueError:
        return None


def weights(values: Sequence[float] | Floats | None, rows: int) -> Floats:
    """Check how many equal votes each row stands for, shape (N,).

    None is one vote a row, held in the memory of a single number.

    Raises:
        ValueError: a weight is negative or not finite; names the row.
    """
    if values is None:
        return np.broadcast_to(np.float64(1), rows)
    weight = np.asarray(values, dtype=np.float64)
    _require(
        np.isfinite(weight) & (weight >= 0),
        weight,
        "Weight {} in row {} is no number of equal votes. Allowed: 0 and above, finite.",
    )
    return weight


def propensities(values: Sequence[float] | Floats) -> Floats:
    """Check the probabilities with which pairs were drawn, shape (N,).

    Raises:
        ValueError: a propensity is not above 0 and up to 1; names the row.
    """
    propensity = np.asarray(values, dtype=np.float64)
    _require(
        (propensity > 0) & (propensity <= 1),
        propensity,
        "Propensity {} in row {} is not the probability of a pair that was drawn. Allowed: above 0, up to 1.",
    )
    return propensity


def covariate(name: str, values: Sequence[float] | Floats) -> Floats:
    """Check a covariate, shape (N,): a feature of the clip of contender a less that of contender b.

    Raises:
        ValueError: a value is not finite; names the row.
    """
    differences = np.asarray(values, dtype=np.float64)
    _require(
        np.isfinite(differences),
        differences,
        f"Covariate {name} is {{}} in row {{}}. Allowed: finite numbers.",
    )
    return differences


def _require(right: NDArray[np.bool_], values: Floats, message: str) -> None:
    if not right.all():
        row = int(np.argmin(right))
        raise ValueError(message.format(f"{values[row]:g}", row))
