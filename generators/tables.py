"""Read tables that people write, as CSV from an editor or a spreadsheet, with the line of each row."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

LARGEST_BYTES = 64 * 2**20
SEPARATORS = (",", ";", "\t")


class TableError(ValueError):
    """Table that can't be read; the message names the line and the remedy, but not the file."""


class Row(NamedTuple):
    """Row that is not empty: the line where it ends, and its fields by column."""

    line: int
    fields: Mapping[str, str]


def read_text(path: Path) -> str:
    """Read a text file as UTF-8, with or without a byte order mark.

    Raises:
        TableError: it is missing, a device, too large or not UTF-8.
    """
    try:
        if path.exists() and not path.is_file():
            raise TableError("it must be a regular file.")
        with path.open("rb") as file:
            content = file.read(LARGEST_BYTES + 1)
    except OSError as error:
        raise TableError(f"{error.strerror}.") from error
    if len(content) > LARGEST_BYTES:
        raise TableError(f"it must have at most {LARGEST_BYTES // 2**20} MiB.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise TableError(f"line {line} must be UTF-8. Save the file as CSV UTF-8.") from error


def read_table(path: Path, columns: Sequence[str], optional: Sequence[str] = ()) -> Iterator[Row]:
    """Read the rows of a table with exactly these columns, in any order; empty rows are passed over.

    A row lacks the fields of optional columns that the table doesn't have. Fields are separated by commas,
    semicolons or tabs, whichever the heading has.

    Raises:
        TableError: the file can't be read, the columns are others, or a row has too few or too many fields.
    """
    text = read_text(path)
    first, _, rest = text.partition("\n")
    skipped = 0
    if first.lower().startswith("sep="):  # how a spreadsheet is told the separator
        text, skipped = rest, 1
    heading = next((line for line in text.splitlines() if line.strip()), "")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(SEPARATORS, key=heading.count))
    try:
        names: list[str] = []
        for fields in reader:
            if not "".join(fields).strip():
                continue
            line = reader.line_num + skipped
            if not names:
                names = _read_heading(fields, columns, optional, line)
                continue
            yield Row(line, _by_name(fields, names, [*columns, *optional], line))
    except csv.Error as error:
        raise TableError(f"line {reader.line_num + skipped} can't be read as CSV: {error}.") from error
    if not names:
        raise TableError(f"line 1: columns must be {_listed(columns, optional)}; got none.")


def _read_heading(
    fields: Sequence[str], columns: Sequence[str], optional: Sequence[str], line: int
) -> list[str]:
    names = [field.strip().casefold() for field in fields]
    while names and not names[-1]:
        names.pop()
    needed = [name for name in names if name not in optional]
    if sorted(needed) != sorted(columns) or len(set(names)) < len(names):
        got = ", ".join(fields) or "none"
        raise TableError(f"line {line}: columns must be {_listed(columns, optional)}; got {got}.")
    return names


def _listed(columns: Sequence[str], optional: Sequence[str]) -> str:
    needed = ", ".join(columns)
    return f"{needed}, and may be {', '.join(optional)}" if optional else needed


def _by_name(
    fields: Sequence[str], names: Sequence[str], columns: Sequence[str], line: int
) -> dict[str, str]:
    if len(fields) != len(names) and (
        len(fields) < len(names) or any(field.strip() for field in fields[len(names) :])
    ):
        ordered = [name for name in columns if name in names]
        raise TableError(f"line {line}: must have {len(ordered)} fields: {', '.join(ordered)}.")
    return dict(zip(names, map(str.strip, fields), strict=False))
