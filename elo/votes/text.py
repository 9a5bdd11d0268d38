"""Reading votes from CSV and JSON by Python's own modules."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from elo.votes.coding import encode
from elo.votes.columns import Chooser, Columns, read_layout
from elo.votes.dialects import Dialect, long_fields
from elo.votes.encodings import Encoding, encoding_of
from elo.votes.numbers import parsed
from elo.votes.shapes import parse, table_of


def read_csv(path: Path, shown: Path, choose: Chooser, dialect: Dialect, encoding: Encoding) -> Columns:
    """Read a text file with a header; an empty field is a missing value.

    Raises:
        ValueError: a row has not a field for each column, or as `choose` raises; `shown` is named.
    """
    layout = choose(dialect.header)
    place = {name: number for number, name in reversed(list(enumerate(dialect.header)))}
    chosen = [*layout.labels.values(), *layout.numbers.values()]
    columns: dict[str, list[str | None]] = {name: [] for name in chosen}
    lists = [(columns[name], place[name]) for name in columns]
    try:
        for row in _rows(path, shown, dialect, encoding):
            for column, number in lists:
                column.append(row[number] or None)
    except csv.Error as error:
        raise ValueError(f"{shown} is no table of votes: {error}.") from error
    except UnicodeError as error:
        raise ValueError(f"{shown} is not text in {encoding.name}, as it begins.") from error
    comma = dialect.delimiter == ";"
    return read_layout(
        layout,
        code=lambda ours, theirs: encode(ours, columns[theirs]),
        number=lambda ours, theirs: parsed(ours, columns[theirs], decimal_comma=comma),
    )


def _rows(path: Path, shown: Path, dialect: Dialect, encoding: Encoding) -> Iterator[list[str]]:
    width = len(dialect.header)
    with path.open(newline="", encoding=encoding.name, errors=encoding.errors) as file, long_fields():
        for _ in range(dialect.skipped):
            file.readline()
        rows = csv.reader(file, delimiter=dialect.delimiter, skipinitialspace=dialect.spaced)
        next(rows)
        for row in rows:
            if len(row) != width:
                if not any(field.strip() for field in row):
                    continue
                if len(row) < width or any(field.strip() for field in row[width:]):
                    line = rows.line_num + dialect.skipped
                    counts = f"line {line} has {len(row)} fields, and the header {width}"
                    raise ValueError(f"{shown} is no table of votes: {counts}.")
            yield row


def read_json(path: Path, shown: Path, choose: Chooser) -> Columns:
    """Read rows as objects, or a table as pandas writes it: see `shapes`."""
    encoding = encoding_of(path, shown)
    try:
        text = path.read_text(encoding=encoding.name, errors=encoding.errors)
    except UnicodeError as error:
        raise ValueError(f"{shown} is not text in {encoding.name}, as it begins.") from error
    try:
        value = parse(text)
    except ValueError as error:
        raise ValueError(f"{shown} is no JSON: {error}.") from error
    try:
        columns = table_of(value)
    except ValueError as error:
        raise ValueError(f"{shown} is no table of votes: {error}.") from error
    found = read_layout(
        choose(columns),
        code=lambda ours, theirs: encode(ours, columns[theirs]),
        number=lambda ours, theirs: parsed(ours, columns[theirs]),
    )
    return found.noting(*encoding.notes)
