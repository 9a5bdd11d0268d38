"""Dialects of text files: where the header is, and what stands between fields."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import NamedTuple

from elo.votes.columns import meaning
from elo.votes.encodings import Encoding

DELIMITERS = (",", ";", "\t", "|")
SAMPLE = 1 << 16
SEPARATOR_LINE = re.compile(r'"?sep=(.)"?\s*$', re.IGNORECASE)
LONGEST_FIELD = 1 << 30
_limit = Lock()


class Dialect(NamedTuple):
    """Way in which a table is written."""

    header: list[str]
    delimiter: str
    skipped: int
    """Lines before the header: blank ones, and `sep=;`."""
    spaced: bool
    """Whether spaces follow delimiters."""

    @property
    def plain(self) -> bool:
        """Whether any reader of CSV reads it."""
        return not (self.skipped or self.spaced)


def find_dialect(path: Path, shown: Path, encoding: Encoding) -> Dialect:
    """Look at the first lines of a file.

    Raises:
        ValueError: it is empty.
    """
    with path.open(newline="", encoding=encoding.name, errors="replace") as file:
        lines = re.split(r"\r\n|\r|\n", file.read(SAMPLE))
    delimiters: tuple[str, ...] = DELIMITERS
    for skipped, line in enumerate(lines):
        if said := SEPARATOR_LINE.match(line):
            delimiters = (said[1],)
        elif line.strip(" \t,;|\"'\ufeff"):
            delimiter = max(delimiters, key=lambda each: _known(line, each))
            rows = list(_fields(lines[skipped:-1] or [line], delimiter))
            spaced = any(field.startswith(" ") for row in rows for field in row[1:])
            header = next(_fields([line], delimiter, spaced=spaced))
            return Dialect(header, delimiter, skipped, spaced)
    raise ValueError(f"{shown} is empty: a line with the names of the columns is needed.")


def _known(line: str, delimiter: str) -> tuple[int, int]:
    """Count the columns of votes that a header names, and all its columns."""
    names = next(_fields([line], delimiter, spaced=True))
    return sum(meaning(name) is not None for name in names), len(names)


def _fields(lines: list[str], delimiter: str, *, spaced: bool = False) -> Iterator[list[str]]:
    with long_fields():
        yield from list(csv.reader(lines, delimiter=delimiter, skipinitialspace=spaced))


@contextmanager
def long_fields() -> Iterator[None]:
    """Let csv read fields of any length: its limit, 128 KiB, is one for the whole process."""
    with _limit:
        before = csv.field_size_limit(LONGEST_FIELD)
        try:
            yield
        finally:
            csv.field_size_limit(before)
