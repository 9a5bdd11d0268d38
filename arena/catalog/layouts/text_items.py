"""Reads the items of plain text and CSV files, with the line of each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from arena.catalog.fields import Fields
from arena.catalog.located import Document, FileError, Place
from generators.tables import TableError, read_table, read_text


def read_prompt_lines(path: Path) -> tuple[Document, list[Fields]]:
    """Read a file with one prompt a line, each as the field `prompt`; empty lines at the end are passed over.

    Raises:
        FileError: the file can't be read.
    """
    try:
        lines = read_text(path).rstrip().split("\n")
    except TableError as error:
        raise FileError(f"{path.name}: {error}") from error
    # An empty line in between would shift the numbers of all later clips: Fields refuses it.
    return _itemise(path, [(number, {"prompt": line}) for number, line in enumerate(lines, start=1)])


def read_rows(path: Path, columns: Sequence[str]) -> tuple[Document, list[Fields]]:
    """Read a CSV file with exactly these columns, in any order.

    Raises:
        FileError: the file can't be read, or has other columns.
    """
    try:
        return _itemise(path, [(row.line, dict(row.fields)) for row in read_table(path, columns)])
    except TableError as error:
        raise FileError(f"{path.name}: {error}") from error


def _itemise(path: Path, rows: Sequence[tuple[int, dict[str, str]]]) -> tuple[Document, list[Fields]]:
    lines: dict[Place, int] = {(index,): line for index, (line, _) in enumerate(rows)}
    document = Document(path, [row for _, row in rows], lines)
    return document, [Fields(document, (index,), row) for index, (_, row) in enumerate(rows)]
