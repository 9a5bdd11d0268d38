"""Columns of labels turned into columns of small integers, with errors that name the row."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, NamedTuple, NoReturn, TypeAlias

import numpy as np
from numpy.typing import NDArray

Codes: TypeAlias = NDArray[np.unsignedinteger[Any]]

BLOCK = 1 << 16
"""Rows looked at together: their codes, widened to 64 bits, stay in a core's second-level cache."""


class Coded(NamedTuple):
    """A column of N labels: the place of each in the list of labels that may occur."""

    codes: Codes
    """Shape (N,)."""
    labels: tuple[Hashable, ...]
    """May hold labels that no row has, or one twice."""


def coded(column: str, codes: NDArray[np.integer[Any]], labels: Sequence[Hashable]) -> Coded:
    """Take over codes that a column came with.

    Args:
        column: the column's name, for the error.
        codes: shape (N,), the place of each row's label in `labels`, negative where it is missing.
        labels: the labels that may occur; None and NaN are missing ones.

    Raises:
        ValueError: a label is missing; names the row, counted from 0.
    """
    missing = [label is None or label != label for label in labels]
    if len(codes) and (codes.min() < 0 or any(missing)):
        wrong = codes < 0
        wrong |= np.array(missing, dtype=bool)[codes] if missing else False
        if wrong.any():
            refuse_missing(column, int(np.argmax(wrong)))
    return Coded(codes.astype(smallest_type(len(labels)), copy=False), tuple(labels))


def refuse_missing(column: str, row: int) -> NoReturn:
    """Say where a label is missing."""
    raise ValueError(f"Unknown {column} None in row {row}: each vote needs one.")


def encode(column: str, values: Sequence[Hashable]) -> Coded:
    """Code N labels by their order of first appearance.

    Raises:
        ValueError: as in `coded`.
    """
    index = {label: code for code, label in enumerate(dict.fromkeys(values))}
    dtype = smallest_type(len(index))
    codes = np.fromiter(map(index.__getitem__, values), dtype, count=len(values))
    return coded(column, codes, tuple(index))


def smallest_type(labels: int) -> np.dtype[np.unsignedinteger[Any]]:
    """The smallest unsigned type that holds the codes of so many labels."""
    return np.min_scalar_type(max(labels - 1, 0))


def used(coded: Coded) -> NDArray[np.bool_]:
    """Shape (labels,): whether any row has the label. Stops at the row where all have been seen."""
    seen = np.zeros(len(coded.labels), dtype=bool)
    step = max(BLOCK, len(seen))
    for start in range(0, len(coded.codes), step):
        seen |= np.bincount(coded.codes[start : start + step], minlength=len(seen)) > 0
        if seen.all():
            break
    return seen


def used_labels(coded: Coded) -> tuple[Hashable, ...]:
    """The labels that some row has, each once."""
    seen = used(coded)
    kept = coded.labels if seen.all() else (coded.labels[code] for code in np.flatnonzero(seen))
    return tuple(dict.fromkeys(kept))


def recode(column: str, coded: Coded, known: Mapping[Any, int]) -> Codes:
    """Give each label its code in `known`, in the smallest type that holds all of them.

    Raises:
        ValueError: a row has a label that is not known; names the row, the label and what is allowed.
    """
    table = [known.get(label, -1) for label in coded.labels]
    if -1 in table:
        _refuse_unknown(column, coded, known)
    dtype = smallest_type(max(known.values(), default=0) + 1)
    if table == list(range(len(table))):
        return coded.codes.astype(dtype, copy=False)
    recoded: Codes = np.array(table, dtype=np.int64).astype(dtype)[coded.codes]
    return recoded


def _refuse_unknown(column: str, coded: Coded, known: Mapping[Any, int]) -> None:
    wrong = used(coded) & np.array([label not in known for label in coded.labels], dtype=bool)
    if wrong.any():
        row = int(np.argmax(wrong[coded.codes]))
        raise ValueError(
            f"Unknown {column} {coded.labels[coded.codes[row]]!r} in row {row}. "
            f"Known: {', '.join(map(str, known))}."
        )


def compact(coded: Coded, column: str) -> Coded:
    """Drop labels that no row has, so that the codes in use are 0, 1, 2, ... without a gap."""
    labels = used_labels(coded)
    if labels == coded.labels:
        return coded
    return Coded(recode(column, coded, {label: code for code, label in enumerate(labels)}), labels)
