"""Reading votes from Arrow tables and files, Parquet and CSV by pyarrow, without a detour through strings."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from elo.arguments import shortened
from elo.arrays import Floats
from elo.votes.coding import Coded, Codes, coded, encode, smallest_type
from elo.votes.columns import Layout
from elo.votes.dialects import Dialect
from elo.votes.numbers import parsed

Read = TypeVar("Read")

BATCH = 1 << 20
"""Rows of Parquet decoded together: a common size of row groups, each of which has its own dictionaries."""


class NotPlain(ValueError):
    """A text file that pyarrow cannot read as a table."""


class ArrowSource:
    """An Arrow table. Dictionary columns keep their codes."""

    def __init__(self, table: pa.Table) -> None:
        """Take a table."""
        self._table = table

    @property
    def names(self) -> Sequence[str]:
        """Names of all columns."""
        return list(self._table.column_names)

    def load(self, layout: Layout) -> None:
        """Do nothing: a table is in memory."""

    def labels(self, name: str, ours: str) -> Coded:
        """Return a column of labels as codes."""
        return code(ours, self._table[name].chunks)

    def numbers(self, name: str, ours: str) -> Floats:
        """Return a column of numbers, shape (N,), NaN where one is missing."""
        return numbers(ours, self._table[name].chunks)


def open_feather(path: Path, shown: Path) -> ArrowSource:
    """Open an Arrow IPC file, mapped to memory.

    Raises:
        ValueError: the file is damaged; `shown` is named.
    """
    with pa.memory_map(str(path)) as mapped:
        try:
            return ArrowSource(pa.ipc.open_file(mapped).read_all())
        except (pa.ArrowException, OSError) as error:
            raise ValueError(_damaged(shown, error)) from error


def _damaged(shown: Path, error: Exception) -> str:
    return f"{shown} is damaged and cannot be read: {shortened(str(error), 100)}."


class CsvSource:
    """A text file with a header, written plainly; an empty field is missing."""

    def __init__(self, path: Path, dialect: Dialect) -> None:
        """Take a file, whose header the dialect holds."""
        self._path, self._dialect = path, dialect

    @property
    def names(self) -> Sequence[str]:
        """Names of all columns."""
        return self._dialect.header

    def load(self, layout: Layout) -> None:
        """Read the columns of the layout.

        Raises:
            NotPlain: pyarrow cannot read the file.
        """
        from pyarrow import csv

        text = pa.dictionary(pa.int32(), pa.string())
        types = dict.fromkeys(layout.labels.values(), text)
        types |= dict.fromkeys(layout.numbers.values(), pa.float64())
        convert = csv.ConvertOptions(
            column_types=types, include_columns=list(types), null_values=[""], strings_can_be_null=True
        )
        parse = csv.ParseOptions(delimiter=self._dialect.delimiter, newlines_in_values=True)
        try:
            table = csv.read_csv(self._path, parse_options=parse, convert_options=convert)
        except (pa.ArrowException, KeyError) as error:
            raise NotPlain(str(error)) from error
        self._read = ArrowSource(table)

    def labels(self, name: str, ours: str) -> Coded:
        """Return a column of labels as codes."""
        return self._read.labels(name, ours)

    def numbers(self, name: str, ours: str) -> Floats:
        """Return a column of numbers, shape (N,), NaN where one is missing."""
        return self._read.numbers(name, ours)


class ParquetSource:
    """A Parquet file, read two columns at a time and in batches, keeping only small codes."""

    def __init__(self, path: Path, shown: Path) -> None:
        """Take a file and read its schema.

        Raises:
            ValueError: the file is damaged; `shown` is named.
        """
        from pyarrow import parquet

        self._path, self._shown = path, shown
        try:
            self._schema = parquet.read_schema(path)
        except (pa.ArrowException, OSError) as error:
            raise ValueError(_damaged(shown, error)) from error

    @property
    def names(self) -> Sequence[str]:
        """Names of all columns."""
        return list(self._schema.names)

    def load(self, layout: Layout) -> None:
        """Read the columns of the layout; errors wait until a column is asked for."""
        with ThreadPoolExecutor(2) as pool:
            self._labels = {name: pool.submit(self._code, name, ours) for ours, name in layout.labels.items()}
            self._numbers = {
                name: pool.submit(self._number, name, ours) for ours, name in layout.numbers.items()
            }

    def _code(self, name: str, ours: str) -> Coded:
        return code(ours, self._batches(name, dictionary=True))

    def _number(self, name: str, ours: str) -> Floats:
        return numbers(ours, self._batches(name))

    def _batches(self, name: str, *, dictionary: bool = False) -> Iterator[pa.Array]:
        """Yield a column's batches; as dictionaries if asked, unless it holds lists or structs."""
        from pyarrow import parquet

        nested = pa.types.is_nested(self._schema.field(name).type)
        keep = [name] if dictionary and not nested else None
        with parquet.ParquetFile(self._path, read_dictionary=keep, pre_buffer=False) as file:
            for batch in file.iter_batches(batch_size=BATCH, columns=[name], use_threads=False):
                yield batch.column(0)

    def labels(self, name: str, ours: str) -> Coded:
        """Return a column of labels as codes.

        Raises:
            ValueError: the file is damaged, or the column holds what it can't.
        """
        return self._done(self._labels[name])

    def numbers(self, name: str, ours: str) -> Floats:
        """Return a column of numbers, shape (N,), NaN where one is missing.

        Raises:
            ValueError: the file is damaged, or a value is no number.
        """
        return self._done(self._numbers[name])

    def _done(self, reading: Future[Read]) -> Read:
        try:
            return reading.result()
        except (pa.ArrowException, OSError) as error:
            raise ValueError(_damaged(self._shown, error)) from error


def code(name: str, pieces: Iterable[pa.Array]) -> Coded:
    """Code a column of labels: by its own dictionaries where it has them."""
    place: dict[Hashable, int] = {}
    dictionary: pa.Array = None
    codes: list[Codes] = []
    remaining = iter(pieces)
    for piece in remaining:
        if not _can_be_encoded(piece.type):
            return encode(name, [value for each in (piece, *remaining) for value in each.to_pylist()])
        encoded = piece if pa.types.is_dictionary(piece.type) else piece.dictionary_encode()
        if encoded.null_count:
            encoded = piece.cast(encoded.dictionary.type).dictionary_encode(null_encoding="encode")
        if dictionary is None or not encoded.dictionary.equals(dictionary):
            dictionary = encoded.dictionary
            places = [place.setdefault(label, len(place)) for label in dictionary.to_pylist()]
            table = np.array(places, dtype=smallest_type(len(place)))
        codes.append(table[_array(encoded.indices)])
    return coded(np.concatenate(codes) if codes else np.zeros(0, np.uint8), tuple(place))


def _can_be_encoded(kind: pa.DataType) -> bool:
    """Return whether pyarrow makes dictionaries of such values: not of lists, structs and null."""
    values = kind.value_type if pa.types.is_dictionary(kind) else kind
    return not (pa.types.is_nested(values) or pa.types.is_null(values) or isinstance(kind, pa.ExtensionType))


def _array(values: pa.Array) -> NDArray[Any]:
    """View the memory of an array without missing values; `to_numpy` would import pandas first."""
    return np.from_dlpack(values)


def numbers(name: str, pieces: Iterable[pa.Array]) -> Floats:
    """Read a column of numbers, shape (N,), NaN where one is missing."""
    pieces = list(pieces)
    try:
        floats = [_array(piece.cast(pa.float64()).fill_null(np.nan)) for piece in pieces]
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return parsed(name, [value for piece in pieces for value in piece.to_pylist()])
    return np.concatenate(floats) if floats else np.zeros(0)
