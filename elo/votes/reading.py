"""Reading votes from a file of any kind that we know, told by how it begins."""

from __future__ import annotations

from contextlib import suppress
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from elo.votes.columns import Columns
from elo.votes.dialects import find_dialect
from elo.votes.encodings import Encoding, by_mark, encoding_of
from elo.votes.source import Source, Wanted, lay_out
from elo.votes.text import JsonSource, TextSource
from elo.votes.unpacking import plain_file

PARQUET, ARROW = b"PAR1", b"ARROW1"
HEAD = 256
"""Characters, of which one is not blank in any file that begins with JSON."""


def read_file(path: Path, wanted: Wanted) -> Columns:
    """Read the columns of votes from Parquet, Arrow, CSV (or tab-separated), JSON or JSON lines.

    The file may be packed (.gz, .bz2, .xz, .zst, or .zip with one file), and text may be UTF-8, UTF-16,
    UTF-32 or Windows-1252.

    Args:
        path: the file. Its first bytes say what it is; its name says nothing.
        wanted: the columns to read besides the required ones.

    Raises:
        OSError: the file cannot be read.
        ValueError: it holds no table of votes.
        ModuleNotFoundError: it is Parquet, Arrow or .zst and pyarrow is not installed.
    """
    with plain_file(path) as plain:
        with plain.open("rb") as file:
            start = file.read(len(ARROW))
        if start.startswith((PARQUET, ARROW)):
            return lay_out(_open_binary(plain, path, start), wanted)
        guess = Encoding(by_mark(plain, path))
        with plain.open(encoding=guess.name, errors="replace") as opened:
            head = opened.read(HEAD)
        if head.lstrip("\ufeff \t\r\n").startswith(("[", "{")):
            encoding = encoding_of(plain, path)
            return lay_out(JsonSource(plain, path, encoding), wanted).noting(*encoding.notes)
        return _read_csv(plain, path, wanted, guess)


def _open_binary(plain: Path, path: Path, start: bytes) -> Source:
    if not has_pyarrow():
        raise ModuleNotFoundError(f'{path} needs pyarrow. Install it: pip install ".[parquet]".')
    from elo.votes import arrow

    return arrow.ParquetSource(plain, path) if start.startswith(PARQUET) else arrow.open_feather(plain, path)


def _read_csv(plain: Path, path: Path, wanted: Wanted, guess: Encoding) -> Columns:
    dialect = find_dialect(plain, path, guess)
    if has_pyarrow() and dialect.plain and guess.name in ("utf-8", "utf-8-sig"):
        from elo.votes import arrow

        with suppress(arrow.NotPlain):
            return lay_out(arrow.CsvSource(plain, dialect), wanted)
    # What pyarrow doesn't take as it is, Python's csv reads, or says what is wrong in which line.
    encoding = encoding_of(plain, path)
    dialect = find_dialect(plain, path, encoding)
    return lay_out(TextSource(plain, path, dialect, encoding), wanted).noting(*encoding.notes)


@cache
def has_pyarrow() -> bool:
    """Return whether pyarrow is installed."""
    return find_spec("pyarrow") is not None
