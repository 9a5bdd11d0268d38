"""Reading votes from a file of any kind that we know, told by how it begins."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path

from elo.votes import text
from elo.votes.columns import Chooser, Columns
from elo.votes.dialects import find_dialect
from elo.votes.encodings import Encoding, by_mark, encoding_of
from elo.votes.unpacking import plain_file

PARQUET, ARROW = b"PAR1", b"ARROW1"
HEAD = 256
"""Characters, of which one is not blank in any file that begins with JSON."""


def read_file(path: Path, choose: Chooser) -> Columns:
    """Read the columns of votes from Parquet, Arrow, CSV (or tab-separated), JSON or JSON lines.

    The file may be packed (.gz, .bz2, .xz, .zst, or .zip with one file), and text may be UTF-8, UTF-16,
    UTF-32 or Windows-1252.

    Args:
        path: the file. Its name says nothing: its first bytes do.
        choose: finds the columns of votes among the file's.

    Raises:
        OSError: the file cannot be read.
        ValueError: it holds no table of votes.
        ModuleNotFoundError: it is Parquet, Arrow or .zst and pyarrow is not installed.
    """
    with plain_file(path) as plain:
        with plain.open("rb") as file:
            start = file.read(len(ARROW))
        if start.startswith((PARQUET, ARROW)):
            return _read_binary(plain, path, choose, start)
        encoding = Encoding(by_mark(plain, path))
        with plain.open(encoding=encoding.name, errors="replace") as opened:
            head = opened.read(HEAD)
        if head.lstrip("\ufeff \t\r\n").startswith(("[", "{")):
            return text.read_json(plain, path, choose)
        return _read_csv(plain, path, choose, encoding)


def _read_binary(plain: Path, path: Path, choose: Chooser, start: bytes) -> Columns:
    if not has_pyarrow():
        raise ModuleNotFoundError(f'{path} needs pyarrow. Install it: pip install ".[parquet]".')
    from elo.votes import arrow

    read = arrow.read_parquet if start.startswith(PARQUET) else arrow.read_feather
    return read(plain, path, choose)


def _read_csv(plain: Path, path: Path, choose: Chooser, encoding: Encoding) -> Columns:
    dialect = find_dialect(plain, path, encoding)
    if has_pyarrow() and dialect.plain and encoding.name in ("utf-8", "utf-8-sig"):
        from elo.votes import arrow

        columns = arrow.read_csv(plain, choose, dialect)
        if columns is not None:
            return columns
    # What pyarrow doesn't take as it is, Python's csv reads, or says what is wrong in which line.
    encoding = encoding_of(plain, path)
    dialect = find_dialect(plain, path, encoding)
    return text.read_csv(plain, path, choose, dialect, encoding).noting(*encoding.notes)


@cache
def has_pyarrow() -> bool:
    """Return whether pyarrow is installed."""
    return find_spec("pyarrow") is not None
