"""Boards that others published, read from CSV."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

REQUIRED = ("contender", "rating")
NUMBERS = ("rating", "lower", "upper", "votes")
OPTIONAL = ("lower", "upper", "votes", "date", "method")


@dataclass(frozen=True, eq=False)
class PublishedBoard:
    """Ratings as somebody published them on one day."""

    date: str
    """Day as ISO 8601; empty where the file has none."""
    method: str
    """How the ratings were made, in the publisher's words; empty where the file does not say."""
    rows: pd.DataFrame
    """`contender`, `rating`, `lower`, `upper` and `votes`, best first; NaN where the file has no number."""

    @property
    def name(self) -> str:
        """Name of the board for titles and sentences."""
        return " ".join(("the published board", *((f"of {self.date}",) if self.date else ())))


def read_published(path: Path) -> list[PublishedBoard]:
    """Read published boards from CSV, oldest first: rows of equal date and method are one board.

    Columns are contender, rating and, where known, lower, upper, votes, date, method; others are ignored.

    Raises:
        OSError: the file cannot be read.
        ValueError: a column is missing, a cell holds what it cannot, or a contender is twice on a board.
    """
    import pandas as pd  # the web process loads this package and needs no pandas

    frame = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig", skipinitialspace=True)
    frame.columns = [str(name).strip().lower() for name in frame.columns]
    missing = [name for name in REQUIRED if name not in frame.columns]
    if missing:
        raise ValueError(
            f"{path.name} lacks {', '.join(missing)}. It has: {', '.join(frame.columns) or 'no columns'}. "
            f"Needed: {', '.join(REQUIRED)}; optional: {', '.join(OPTIONAL)}."
        )
    if frame.empty:
        raise ValueError(f"{path.name} must hold a row for each contender; it has none.")
    for name in OPTIONAL:
        if name not in frame.columns:
            frame[name] = ""
    groups = frame.assign(**_checked(frame, path.name)).groupby(["date", "method"], sort=True)
    return [_board(str(day), str(method), rows, path.name) for (day, method), rows in groups]


def _checked(frame: pd.DataFrame, file: str) -> dict[str, Any]:
    """Return the columns with their values read: numbers, days, and text without spaces around it."""
    columns: dict[str, Any] = {name: frame[name].str.strip() for name in ("contender", "method")}
    if (frame["contender"].str.strip() == "").any():
        raise ValueError(f"contender must be a name in every row of {file}; got an empty cell.")
    columns |= {name: [_number(cell, name, file) for cell in frame[name]] for name in NUMBERS}
    return columns | {"date": [_day(cell.strip(), file) for cell in frame["date"]]}


def _number(cell: str, name: str, file: str) -> float:
    text = cell.strip().replace("\u2212", "-")
    if not text and name != "rating":
        return np.nan
    try:
        value = float(text)
    except ValueError:
        value = np.nan
    if not np.isfinite(value):
        raise ValueError(f"{name} must be a finite number in every row of {file}; got {cell!r}.")
    return value


def _day(text: str, file: str) -> str:
    try:
        return date.fromisoformat(text).isoformat() if text else ""
    except ValueError:
        raise ValueError(f"date must be a day such as 2026-05-01 in {file}; got {text!r}.") from None


def _board(day: str, method: str, rows: pd.DataFrame, file: str) -> PublishedBoard:
    doubled = rows["contender"][rows["contender"].duplicated()].tolist()
    if doubled:
        where = f" on {day}" if day else ""
        raise ValueError(f"contender must be on a board once; got {doubled[0]!r} twice{where} in {file}.")
    outside = (rows["lower"] > rows["rating"]) | (rows["upper"] < rows["rating"])
    if outside.any():
        wrong = rows[outside].iloc[0]
        raise ValueError(
            f"lower and upper must lie around rating in {file}; got {wrong['lower']:g}, {wrong['upper']:g} "
            f"and {wrong['rating']:g} for {wrong['contender']!r}."
        )
    columns = ["contender", *NUMBERS]
    best_first = rows[columns].sort_values("rating", ascending=False, ignore_index=True, kind="stable")
    return PublishedBoard(day, method, best_first)
