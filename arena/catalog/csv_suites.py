"""Read suites from tables: one prompt a row, as spreadsheets save them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from arena.catalog.located import Document, FileError
from generators.tables import TableError, read_table

NEEDED = ("id", "text")
OPTIONAL = ("tags", "language", "seeds", "image", "expected_sound", "licence", "origin", "translates")
LISTS = ("tags", "seeds")
"""Columns that hold several values, with `|` between them."""


def read_csv_suite(path: Path) -> Document:
    """Read a `.csv` as a suite that is called as the file is.

    The columns are `id` and `text`; further fields of prompts are optional. Empty fields are left out.

    Raises:
        FileError: the file is no table, has other columns, or is empty.
    """
    name = path.stem
    document = Document(path, {"suite": name, "title": name.replace("-", " ").replace("_", " ").capitalize()})
    try:
        rows = list(read_table(path, NEEDED, OPTIONAL))
    except TableError as error:
        raise FileError(_located(path, str(error))) from error
    document.value["prompts"] = [_fields(row.fields) for row in rows]
    document.lines = {("prompts", index): row.line for index, row in enumerate(rows)}
    return document


def _fields(row: Mapping[str, str]) -> dict[str, object]:
    given = {name: value for name, value in row.items() if value}
    return {name: _values(value) if name in LISTS else value for name, value in given.items()}


def _values(text: str) -> list[object]:
    parts = [part.strip() for part in text.split("|") if part.strip()]
    return [int(part) if part.isascii() and part.isdecimal() else part for part in parts]


def _located(path: Path, problem: str) -> str:
    """Put the line where errors of other suite files have it."""
    line, _, rest = problem.removeprefix("line ").partition(": ")
    if problem.startswith("line ") and line.isdecimal():
        return f"{path.name}:{line}: {rest}"
    return f"{path.name}: {problem}"
