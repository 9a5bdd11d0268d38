"""Reading votes from Arrow tables and files, Parquet and CSV by pyarrow, without a detour through strings."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from elo.arguments import shortened
from elo.arrays import Floats
from elo.votes.coding import Coded, Codes, coded, encode, smallest_type
from elo.votes.columns import Chooser, Columns, read_layout
from elo.votes.dialects import Dialect
from elo.votes.numbers import parsed

BATCH = 1 << 20
"""Rows of Parquet decoded together: a common size of row groups, each of which has its own dictionaries."""


def read_arrow(table: pa.Table, choose: Chooser) -> Columns:
    """Read a table's columns of votes; dictionary columns keep their codes."""
    return read_layout(
        choose(table.column_names),
        code=lambda ours, theirs: code(ours, table[theirs].chunks),
        number=lambda ours, theirs: numbers(ours, table[theirs].chunks),
    )


def read_feather(path: Path, shown: Path, choose: Chooser) -> Columns:
    """Read an Arrow IPC file, mapped to memory."""
    with pa.memory_map(str(path)) as source:
        try:
            table = pa.ipc.open_file(source).read_all()
        except (pa.ArrowException, OSError) as error:
            raise _damaged(shown, error) from error
        return read_arrow(table, choose)


def _damaged(shown: Path, error: Exception) -> ValueError:
    return ValueError(f"{shown} is damaged and cannot be read: {shortened(str(error), 100)}.")


def read_csv(path: Path, choose: Chooser, dialect: Dialect) -> Columns | None:
    """Read a text file with a header; an empty field is missing. None if it is not written plainly."""
    from pyarrow import csv

    layout = choose(dialect.header)
    text = pa.dictionary(pa.int32(), pa.string())
    types = dict.fromkeys(layout.labels.values(), text) | {
        name: pa.float64() for name in layout.numbers.values()
    }
    options = csv.ConvertOptions(
        column_types=types, include_columns=list(types), null_values=[""], strings_can_be_null=True
    )
    parse = csv.ParseOptions(delimiter=dialect.delimiter, newlines_in_values=True)
    try:
        table = csv.read_csv(path, parse_options=parse, convert_options=options)
    except (pa.ArrowException, KeyError):
        return None
    return read_arrow(table, choose)


def read_parquet(path: Path, shown: Path, choose: Chooser) -> Columns:
    """Read a Parquet file's columns of votes, two at a time and in batches, keeping only small codes."""
    from pyarrow import parquet

    try:
        schema = parquet.read_schema(path)
    except (pa.ArrowException, OSError) as error:
        raise _damaged(shown, error) from error
    layout = choose(schema.names)
    flat = {name for name in schema.names if not pa.types.is_nested(schema.field(name).type)}

    def batches(name: str, dictionary: bool) -> Iterator[pa.Array]:
        keep = [name] if dictionary and name in flat else None
        with parquet.ParquetFile(path, read_dictionary=keep, pre_buffer=False) as file:
            for batch in file.iter_batches(batch_size=BATCH, columns=[name], use_threads=False):
                yield batch.column(0)

    with ThreadPoolExecutor(2) as pool:
        coded = {
            ours: pool.submit(lambda ours, theirs: code(ours, batches(theirs, True)), ours, theirs)
            for ours, theirs in layout.labels.items()
        }
        given = {
            ours: pool.submit(lambda ours, theirs: numbers(ours, batches(theirs, False)), ours, theirs)
            for ours, theirs in layout.numbers.items()
        }
    try:
        return read_layout(
            layout, lambda ours, theirs: coded[ours].result(), lambda ours, theirs: given[ours].result()
        )
    except (pa.ArrowException, OSError) as error:
        raise _damaged(shown, error) from error


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
    """Read a column of numbers, NaN where one is missing."""
    pieces = list(pieces)
    try:
        floats = [_array(piece.cast(pa.float64()).fill_null(np.nan)) for piece in pieces]
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return parsed(name, [value for piece in pieces for value in piece.to_pylist()])
    return np.concatenate(floats) if floats else np.zeros(0)
