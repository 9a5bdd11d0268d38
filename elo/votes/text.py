"""Reading votes from CSV and JSON by Python's own modules."""

from __future__ import annotations

import csv
import json
from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from elo.votes.coding import encode
from elo.votes.columns import Chooser, Columns, read_layout
from elo.votes.tally import Floats


def read_csv(path: Path, choose: Chooser, header: list[str], delimiter: str) -> Columns:
    """Read a text file with a header; an empty field is a missing value."""
    with path.open(newline="", encoding="utf-8-sig") as file:
        rows = csv.reader(file, delimiter=delimiter)
        next(rows)
        fields = list(zip(*(row for row in rows if row), strict=True)) or [()] * len(header)
    columns = dict(zip(header, fields, strict=True))
    return _read({name: [value or None for value in values] for name, values in columns.items()}, choose)


def read_json(path: Path, choose: Chooser) -> Columns:
    """Read a list of objects, the list `votes` of one object, as in an export, or one object on each line."""
    try:
        rows = _objects(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise ValueError(f"{path} is no JSON: {error}.") from error
    if not all(isinstance(row, dict) for row in rows):
        raise ValueError(f"{path} is no table of votes: one JSON object for each vote is needed.")
    names = dict.fromkeys(name for row in rows for name in row)
    return _read({name: [row.get(name) for row in rows] for name in names}, choose)


def _objects(text: str) -> list[Any]:
    try:
        whole = json.loads(text)
    except json.JSONDecodeError:
        return [json.loads(line) for line in text.splitlines() if line.strip()]
    if isinstance(whole, dict):
        whole = whole.get("votes", [whole])
    return whole if isinstance(whole, list) else [whole]


def _read(columns: dict[str, list[Any]], choose: Chooser) -> Columns:
    return read_layout(
        choose(columns),
        code=lambda ours, theirs: encode(ours, columns[theirs]),
        number=lambda ours, theirs: _numbers(ours, columns[theirs]),
    )


def _numbers(name: str, values: Sequence[Hashable]) -> Floats:
    try:
        return np.array(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"Column {name} holds something that is no number: {error}.") from error
