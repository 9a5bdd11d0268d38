"""Boards as CSV and JSON: the same board always gives the same bytes."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Mapping
from typing import Any, TypeAlias

from analysis.board import Board, BoardRow

Value: TypeAlias = str | bool | float | None

DECIMALS = 4
"""Decimals of ratings and rates: finer than any interval, coarser than processors' differences."""


def to_csv(board: Board, extra_columns: Mapping[str, str | bool] | None = None) -> str:
    """Write the rows of a board as CSV, with a header.

    A contender without a finite rating comes last, with its one-sided bound as `lower` or `upper`.

    Args:
        board: the board.
        extra_columns: columns to append, each with one value for all rows, such as `simulated`.

    Raises:
        ValueError: an extra column has the name of one of the board's.
    """
    extra = extra_columns or {}
    refuse_taken("column", extra, BoardRow._fields)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*BoardRow._fields, *extra])
    for values in board_values(board):
        writer.writerow([_csv_value(value) for value in (*values, *extra.values())])
    return text.getvalue()


def board_values(board: Board) -> list[tuple[Value, ...]]:
    """Return the values of `BoardRow._fields` for each contender; those without a finite rating come last.

    A contender without a finite rating has its one-sided bound as `lower` or `upper`, and None where the
    board knows nothing.
    """
    rows: list[tuple[Value, ...]] = [tuple(map(rounded, row)) for row in board.rows]
    for each in board.unrated:
        known = each._asdict()
        rows.append(tuple(rounded(known.get(name)) for name in BoardRow._fields))
    return rows


def to_json(board: Board, extra: Mapping[str, Any] | None = None) -> str:
    """Write a board as JSON: `rows`, `unrated`, `matrix` (contenders, win rates, votes) and `settings`.

    Keys are sorted.

    Args:
        board: the board.
        extra: more keys for the top level.

    Raises:
        ValueError: an extra key is one of the board's.
    """
    document = {
        "rows": [{name: rounded(value) for name, value in row._asdict().items()} for row in board.rows],
        "unrated": [
            {name: rounded(value) for name, value in each._asdict().items()} for each in board.unrated
        ],
        "matrix": {
            "contenders": board.contenders,
            "win_rates": [[rounded(cell.win_rate) for cell in row] for row in board.matrix],
            "votes": [[cell.votes for cell in row] for row in board.matrix],
        },
        "settings": board.settings,
    }
    refuse_taken("key", extra or {}, tuple(document))
    plain = _without_nan(document | dict(extra or {}))
    return json.dumps(plain, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"


def refuse_taken(kind: str, extra: Mapping[str, Any], taken: tuple[str, ...]) -> None:
    """Raise ValueError if an extra column or key has a name of the board's own."""
    doubled = [name for name in extra if name in taken]
    if doubled:
        raise ValueError(f"Extra {kind} {', '.join(doubled)} is taken. The board's own: {', '.join(taken)}.")


def _without_nan(value: object) -> object:
    """Replace the numbers that JSON cannot hold by None, at any depth."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {name: _without_nan(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(item) for item in value]
    return value


def rounded(value: Value) -> Value:
    """Round a number to `DECIMALS`; other values stay as they are."""
    return round(value, DECIMALS) + 0.0 if isinstance(value, float) else value  # + 0.0 makes -0.0 plain


def _csv_value(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    unknown = value is None or (isinstance(value, float) and not math.isfinite(value))
    return "" if unknown else str(rounded(value))
