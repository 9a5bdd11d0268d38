"""Reading votes from Arrow tables and files, Parquet and CSV by pyarrow, without a detour through strings."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from elo.votes.coding import Coded, Codes, coded, refuse_missing, smallest_type
from elo.votes.columns import Chooser, Columns, read_layout
from elo.votes.tally import Floats

BATCH = 1 << 20
"""Rows of Parquet decoded together: a common size of row groups, each of which has its own dictionaries."""


def read_arrow(table: pa.Table, choose: Chooser) -> Columns:
    """Read a table's columns of votes; dictionary columns keep their codes."""
    return read_layout(
        choose(table.column_names),
        code=lambda ours, theirs: code(ours, table[theirs].chunks),
        number=lambda ours, theirs: numbers(ours, table[theirs].chunks),
    )


def read_feather(path: Path, choose: Chooser) -> Columns:
    """Read an Arrow IPC file, mapped to memory."""
    with pa.memory_map(str(path)) as source:
        return read_arrow(pa.ipc.open_file(source).read_all(), choose)


def read_csv(path: Path, choose: Chooser, header: list[str], delimiter: str) -> Columns:
    """Read a text file with a header; an empty field is a missing value."""
    from pyarrow import csv

    layout = choose(header)
    text = pa.dictionary(pa.int32(), pa.string())
    types = dict.fromkeys(layout.labels.values(), text) | {
        name: pa.float64() for name in layout.numbers.values()
    }
    options = csv.ConvertOptions(
        column_types=types, include_columns=list(types), null_values=[""], strings_can_be_null=True
    )
    parse = csv.ParseOptions(delimiter=delimiter, newlines_in_values=True)
    try:
        table = csv.read_csv(path, parse_options=parse, convert_options=options)
    except pa.ArrowInvalid as error:
        raise ValueError(f"{path} is no table of votes: {error}") from error
    return read_arrow(table, choose)


def read_parquet(path: Path, choose: Chooser) -> Columns:
    """Read a Parquet file's columns of votes, two at a time and in batches, keeping only small codes."""
    from pyarrow import parquet

    layout = choose(parquet.read_schema(path).names)

    def batches(name: str, dictionary: bool) -> Iterator[pa.Array]:
        keep = [name] if dictionary else None
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
    return read_layout(
        layout, lambda ours, theirs: coded[ours].result(), lambda ours, theirs: given[ours].result()
    )


def code(name: str, pieces: Iterable[pa.Array]) -> Coded:
    """Code a column of labels: by its own dictionaries where it has them."""
    place: dict[Hashable, int] = {}
    dictionary: pa.Array = None
    codes: list[Codes] = []
    for piece in pieces:
        encoded = piece if pa.types.is_dictionary(piece.type) else piece.dictionary_encode()
        if encoded.null_count:
            refuse_missing(name, sum(map(len, codes)) + encoded.is_null().index(True).as_py())
        if dictionary is None or not encoded.dictionary.equals(dictionary):
            dictionary = encoded.dictionary
            places = [place.setdefault(label, len(place)) for label in dictionary.to_pylist()]
            table = np.array(places, dtype=smallest_type(len(place)))
        codes.append(table[_array(encoded.indices)])
    return coded(name, np.concatenate(codes) if codes else np.zeros(0, np.uint8), tuple(place))


def _array(values: pa.Array) -> NDArray[Any]:
    """The memory of an array without missing values; `to_numpy` would import pandas first."""
    return np.from_dlpack(values)


def numbers(name: str, pieces: Iterable[pa.Array]) -> Floats:
    """A column of numbers, NaN where one is missing."""
    try:
        floats = [_array(piece.cast(pa.float64()).fill_null(np.nan)) for piece in pieces]
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise ValueError(f"Column {name} holds something that is no number: {error}.") from error
    return np.concatenate(floats) if floats else np.zeros(0)
