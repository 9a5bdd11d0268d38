"""Reading votes from CSV and JSON by Python's own modules."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from elo.arrays import Floats
from elo.votes.coding import Coded, encode
from elo.votes.columns import Layout
from elo.votes.dialects import Dialect, long_fields
from elo.votes.encodings import Encoding
from elo.votes.numbers import parsed
from elo.votes.shapes import Table, parse, table_of


class TextSource:
    """A text file with a header; an empty field is a missing value."""

    def __init__(self, path: Path, shown: Path, dialect: Dialect, encoding: Encoding) -> None:
        """Take a file, whose header the dialect holds; errors name it as `shown`."""
        self._path, self._shown = path, shown
        self._dialect, self._encoding = dialect, encoding
        self._columns: Table = {}

    @property
    def names(self) -> Sequence[str]:
        """Names of all columns."""
        return self._dialect.header

    def load(self, layout: Layout) -> None:
        """Read the columns of the layout, row by row.

        Raises:
            ValueError: a row has not a field for each column, or the file is not in its encoding.
        """
        # Of columns with the same name, the first is read.
        place = {name: number for number, name in reversed(list(enumerate(self.names)))}
        self._columns = {name: [] for name in (*layout.labels.values(), *layout.numbers.values())}
        lists = [(column, place[name]) for name, column in self._columns.items()]
        try:
            for row in _rows(self._path, self._shown, self._dialect, self._encoding):
                for column, number in lists:
                    column.append(row[number] or None)
        except csv.Error as error:
            raise ValueError(f"{self._shown} is no table of votes: {error}.") from error
        except UnicodeError as error:
            raise ValueError(f"{self._shown} is not text in {self._encoding.name}, as it begins.") from error

    def labels(self, name: str, ours: str) -> Coded:
        """Return a column of labels as codes."""
        return encode(ours, self._columns[name])

    def numbers(self, name: str, ours: str) -> Floats:
        """Return a column of numbers, shape (N,), NaN where one is missing."""
        # Where semicolons part fields, a comma parts decimals.
        return parsed(ours, self._columns[name], decimal_comma=self._dialect.delimiter == ";")


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


class JsonSource:
    """Rows as objects, or a table as pandas writes it: see `shapes`."""

    def __init__(self, path: Path, shown: Path, encoding: Encoding) -> None:
        """Read a file; errors name it as `shown`.

        Raises:
            ValueError: it is not in its encoding, or holds no table.
        """
        self._columns = _table(_text(path, shown, encoding), shown)

    @property
    def names(self) -> Sequence[str]:
        """Names of all columns."""
        return list(self._columns)

    def load(self, layout: Layout) -> None:
        """Do nothing: the document is in memory."""

    def labels(self, name: str, ours: str) -> Coded:
        """Return a column of labels as codes."""
        return encode(ours, self._columns[name])

    def numbers(self, name: str, ours: str) -> Floats:
        """Return a column of numbers, shape (N,), NaN where one is missing."""
        return parsed(ours, self._columns[name])


def _text(path: Path, shown: Path, encoding: Encoding) -> str:
    try:
        return path.read_text(encoding=encoding.name, errors=encoding.errors)
    except UnicodeError as error:
        raise ValueError(f"{shown} is not text in {encoding.name}, as it begins.") from error


def _table(text: str, shown: Path) -> Table:
    try:
        value = parse(text)
    except ValueError as error:
        raise ValueError(f"{shown} is no JSON: {error}.") from error
    try:
        return table_of(value)
    except ValueError as error:
        raise ValueError(f"{shown} is no table of votes: {error}.") from error
