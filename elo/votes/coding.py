"""Columns of labels turned into columns of small integers, with errors that name the row."""

from __future__ import annotations

import json
from collections.abc import Hashable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from elo.arguments import shortened

Codes: TypeAlias = NDArray[np.unsignedinteger[Any]]

NESTED = ("prompt", "rater")
"""Columns that may hold lists and objects: what they say is not looked into."""
BLOCK = 1 << 16
"""Rows looked at together: their codes, widened to 64 bits, stay in a core's second-level cache."""


class Coded(NamedTuple):
    """A column of N labels: the place of each in the list of labels that may occur."""

    codes: Codes
    """Code of each row, shape (N,)."""
    labels: tuple[Hashable, ...]
    """Labels by code. There may be unused ones, and one twice; None is for rows without a label."""


def coded(codes: NDArray[np.integer[Any]], labels: Sequence[Hashable]) -> Coded:
    """Take over codes that a column came with.

    Args:
        codes: shape (N,), the place of each row's label in `labels`, negative where it is missing.
        labels: the labels that may occur; None, NaN and blank text are missing ones, and become None.
    """
    gone = np.array([*map(_is_missing, labels), True])
    if len(codes) and (codes.min() < 0 or gone[:-1].any()):
        last = len(labels)
        place = np.where(gone, last, np.arange(last + 1))
        codes, labels = place[np.where(codes < 0, last, codes)], (*labels, None)
    return Coded(codes.astype(smallest_type(len(labels)), copy=False), tuple(labels))


def _is_missing(label: Hashable) -> bool:
    if isinstance(label, str):
        return not label or label.isspace()
    return label is None or bool(label != label)


def missing(coded: Coded) -> NDArray[np.bool_]:
    """Return whether the row has no label, shape (N,)."""
    gone = np.array([label is None for label in coded.labels], dtype=bool)
    return gone[coded.codes] if gone.any() else np.zeros(len(coded.codes), dtype=bool)


def encode(column: str, values: Sequence[Any]) -> Coded:
    """Code N labels by their order of first appearance.

    Raises:
        ValueError: a label is a list or an object, and the column is none that may hold conversations.
    """
    try:
        index = {label: code for code, label in enumerate(dict.fromkeys(values))}
    except TypeError:
        return encode(column, [_flat(column, value, row) for row, value in enumerate(values)])
    dtype = smallest_type(len(index))
    codes = np.fromiter(map(index.__getitem__, values), dtype, count=len(values))
    return coded(codes, tuple(index))


def _flat(column: str, value: Any, row: int) -> Hashable:  # noqa: ANN401 - whatever a file holds
    """Return a hashable label: conversations, which are lists of turns, as their JSON."""
    value = value.tolist() if isinstance(value, np.ndarray) else value
    if not isinstance(value, list | dict | set | bytearray):
        label: Hashable = value
        return label
    if column not in NESTED:
        raise ValueError(
            f"{column} must be a name; got {shortened(value)} in row {row}. Give its text alone."
        )
    return json.dumps(value, sort_keys=True, ensure_ascii=False, default=repr)


def smallest_type(labels: int) -> np.dtype[np.unsignedinteger[Any]]:
    """Return the smallest unsigned type that holds the codes of so many labels."""
    return np.min_scalar_type(max(labels - 1, 0))


def used(coded: Coded) -> NDArray[np.bool_]:
    """Return whether any row has the label, shape (labels,). Stops at the row where all have been seen."""
    seen = np.zeros(len(coded.labels), dtype=bool)
    step = max(BLOCK, len(seen))
    for start in range(0, len(coded.codes), step):
        seen |= np.bincount(coded.codes[start : start + step], minlength=len(seen)) > 0
        if seen.all():
            break
    return seen


def used_labels(coded: Coded) -> tuple[Hashable, ...]:
    """Return the labels that some row has, each once."""
    seen = used(coded)
    kept = coded.labels if seen.all() else (coded.labels[code] for code in np.flatnonzero(seen))
    return tuple(dict.fromkeys(kept))


def recode(column: str, coded: Coded, known: Mapping[Any, int]) -> Codes:
    """Return the code in `known` of each row's label, shape (N,), in the smallest type that holds them.

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
            f"Unknown {column} {shortened(coded.labels[coded.codes[row]])} in row {row}. "
            f"Known: {', '.join(map(str, known))}."
        )


def compact(coded: Coded, column: str) -> Coded:
    """Drop labels that no row has, so that the codes in use are 0, 1, 2, ... without a gap."""
    labels = used_labels(coded)
    if labels == coded.labels:
        return coded
    return Coded(recode(column, coded, {label: code for code, label in enumerate(labels)}), labels)
