"""Small benchmarks in the layouts of the public ones, with prompts made up for the tests."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from arena.catalog.importing import find_layout
from arena.catalog.layouts.records import Record
from arena.catalog.located import FileError
from tests.factories import write_file

TWIN = "A paper boat turns " + "round and " * 17
"""The first 189 characters of two prompts that part ways after the 180th."""


def write_json(path: Path, value: object, *, indent: int | None = 4) -> Path:
    """Write JSON as the benchmarks do: spread over lines, or on a single one."""
    return write_file(path, json.dumps(value, indent=indent))


def read_records(layout: str, path: Path) -> list[Record]:
    """Return what a layout reads, without problems."""
    items = find_layout(layout).read(path)
    assert [document.problems for document in items.documents] == [[] for _ in items.documents]
    return items.records


def read_problems(layout: str, path: Path) -> list[str]:
    """Return the problems that a layout finds, by raising or by noting them down."""
    try:
        items = find_layout(layout).read(path)
    except FileError as error:
        return str(error).splitlines()
    return [text for document in items.documents for _, text in sorted(document.problems)]


def single(layout: str, path: Path) -> Record:
    """Return the only record of a file."""
    records = read_records(layout, path)
    if len(records) != 1:
        pytest.fail(f"{len(records)} records")
    return records[0]
