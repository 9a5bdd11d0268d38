"""Reads the items of a JSON file one by one, so that each knows its line."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from arena.catalog.fields import Fields
from arena.catalog.located import Document, FileError
from arena.catalog.reading import (
    LARGEST_BYTES,
    read_bounded,
    read_json_line,
    refuse_constant,
    refuse_repeated,
)
from arena.catalog.written import WrittenFloat

_DECODER = json.JSONDecoder(
    object_pairs_hook=refuse_repeated, parse_constant=refuse_constant, parse_float=WrittenFloat
)
_SPACE = re.compile(r"[ \t\r\n]*")


class Item(NamedTuple):
    """One item of a list, whose key is then its place, or of a mapping."""

    key: str
    fields: Fields


def read_list(path: Path) -> tuple[Document, list[Item]]:
    """Read a JSON list of mappings.

    Raises:
        FileError: the file can't be read, or is no JSON list.
    """
    return _read(path, "[")


def read_mapping(path: Path) -> tuple[Document, list[Item]]:
    """Read a JSON mapping of mappings. A key that is given twice makes two items.

    Raises:
        FileError: the file can't be read, or is no JSON mapping.
    """
    return _read(path, "{")


def read_lines(path: Path) -> tuple[Document, list[Item]]:
    """Read a JSONL file of mappings; empty lines are passed over.

    Raises:
        FileError: the file can't be read, or a line is no JSON.
    """
    lines = enumerate(_read_text(path).split("\n"), start=1)
    values = [(number, read_json_line(path, number, line)) for number, line in lines if line.strip()]
    return _itemise(path, [(str(index), number, value) for index, (number, value) in enumerate(values)])


def first_character(path: Path) -> str:
    """Return the first character of a JSON file that is not a space, "" for an empty file."""
    return _read_text(path).lstrip()[:1]


def _read(path: Path, opening: str) -> tuple[Document, list[Item]]:
    text = _read_text(path)
    start = _skip_space(text, 0)
    if text[start : start + 1] != opening:
        wanted = "a list [ … ]" if opening == "[" else "a mapping { … }"
        raise FileError(f"{path.name}:1: must be {wanted} of items; got {text[start : start + 20]!r}.")
    return _itemise(path, list(_walk(path, text, start)))


def _itemise(path: Path, values: list[tuple[str, int, object]]) -> tuple[Document, list[Item]]:
    places: list[tuple[str | int, ...]] = [(index,) for index in range(len(values))]
    lines = {place: line for place, (_, line, _) in zip(places, values, strict=True)}
    document = Document(path, [value for _, _, value in values], lines)
    items = [
        Item(key, Fields(document, place, value))
        for place, (key, _, value) in zip(places, values, strict=True)
    ]
    return document, items


def _walk(path: Path, text: str, start: int) -> Iterator[tuple[str, int, object]]:
    """Yield the key, line and value of each item of the list or mapping that opens at `start`."""
    closing = "]" if text[start] == "[" else "}"
    position, counted = _skip_space(text, start + 1), 0
    line = 1
    index = 0
    while text[position : position + 1] != closing:
        if index:
            position = _skip(path, text, position, ",")
        line, counted = line + text.count("\n", counted, position), position
        key: object = str(index)
        if closing == "}":
            key, position = _decode(path, text, position)
            position = _skip(path, text, position, ":")
        value, position = _decode(path, text, position)
        yield str(key), line, value
        index += 1
    if rest := text[position + 1 :].strip():
        raise FileError(
            f"{path.name}:{_line(text, position)}: must end with {closing}; got {rest[:20]!r} after it."
        )


def _decode(path: Path, text: str, position: int) -> tuple[Any, int]:
    """Return the value that stands at a position, and the position of what follows it."""
    try:
        value, end = _DECODER.raw_decode(text, position)
    except json.JSONDecodeError as error:
        reason = f"{error.msg} (column {error.colno})"
        raise FileError(f"{path.name}:{error.lineno}: can't be read as JSON: {reason}.") from error
    except ValueError as error:
        raise FileError(f"{path.name}:{_line(text, position)}: can't be read as JSON: {error}.") from error
    except RecursionError as error:
        raise FileError(f"{path.name}:{_line(text, position)}: nested too deeply.") from error
    return value, _skip_space(text, end)


def _skip(path: Path, text: str, position: int, character: str) -> int:
    if text[position : position + 1] != character:
        got = repr(text[position : position + 20]) if position < len(text) else "the end of the file"
        raise FileError(f"{path.name}:{_line(text, position)}: must have '{character}' here; got {got}.")
    return _skip_space(text, position + 1)


def _skip_space(text: str, position: int) -> int:
    found = _SPACE.match(text, position)
    return found.end() if found else position


def _line(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1


def _read_text(path: Path) -> str:
    content = read_bounded(path, LARGEST_BYTES)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise FileError(f"{path.name}:{line}: must be UTF-8. Save the file as UTF-8.") from error
