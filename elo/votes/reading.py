"""Reading votes from a file of any kind that we know, told by how it begins."""

from __future__ import annotations

import csv
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from elo.votes import text
from elo.votes.columns import Chooser, Columns

PARQUET, ARROW = b"PAR1", b"ARROW1"


def read_file(path: Path, choose: Chooser) -> Columns:
    """Read the columns of votes from Parquet, Arrow, CSV (or tab-separated), JSON or JSON lines.

    Args:
        path: the file. Its name says nothing: its first bytes do.
        choose: finds the columns of votes among the file's.

    Raises:
        OSError: the file cannot be read.
        ValueError: it holds no table of votes.
        ModuleNotFoundError: it is Parquet or Arrow and pyarrow is not installed.
    """
    with path.open("rb") as file:
        start = file.read(6)
    if start.startswith((PARQUET, ARROW)):
        return _read_binary(path, choose, start)
    if start.lstrip().startswith((b"[", b"{")):
        return text.read_json(path, choose)
    return _read_csv(path, choose)


def _read_binary(path: Path, choose: Chooser, start: bytes) -> Columns:
    if not has_pyarrow():
        raise ModuleNotFoundError(f'{path} needs pyarrow. Install it: pip install ".[parquet]".')
    from elo.votes import arrow

    read = arrow.read_parquet if start.startswith(PARQUET) else arrow.read_feather
    return read(path, choose)


def _read_csv(path: Path, choose: Chooser) -> Columns:
    with path.open(newline="", encoding="utf-8-sig") as file:
        first = file.readline()
    if not first.strip():
        raise ValueError(f"{path} is empty: a line with the names of the columns is needed.")
    delimiter = "\t" if "\t" in first and "," not in first else ","
    header = next(csv.reader([first], delimiter=delimiter))
    if not has_pyarrow():
        return text.read_csv(path, choose, header, delimiter)
    from elo.votes import arrow

    return arrow.read_csv(path, choose, header, delimiter)


@cache
def has_pyarrow() -> bool:
    return find_spec("pyarrow") is not None
