"""JSON in the shapes that tables are written in, turned into columns."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, TypeAlias

from elo.votes.columns import REQUIRED, meaning

Table: TypeAlias = dict[str, list[Any]]

WRAPPERS = ("votes", "data", "rows", "records", "battles", "results", "items")
"""Keys under which a document keeps its rows, in the order in which they are looked for."""
ALLOWED = "one JSON object for each vote is needed, in a list or on its line, or a frame as pandas writes it"


def parse(text: str) -> Any:  # noqa: ANN401 - JSON holds anything
    """Parse one JSON document, or a list of documents that follow each other, as in JSON lines.

    Raises:
        ValueError: it is none; says where.
    """
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        if error.msg != "Extra data":
            raise ValueError(f"{error.msg} in line {error.lineno}, column {error.colno}") from error
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    except ValueError as error:  # a number of thousands of digits
        raise ValueError("it holds a number that is too long") from error
    return _each(text)


def _each(text: str) -> list[Any]:
    # A line is no unit here: strings in JSON may hold U+2028 and U+0085, which Python takes for line ends.
    decoder, found, place = json.JSONDecoder(), [], 0
    while (place := _next(text, place)) < len(text):
        try:
            value, place = decoder.raw_decode(text, place)
        except json.JSONDecodeError as error:
            raise ValueError(f"{error.msg} in line {error.lineno}, column {error.colno}") from error
        except RecursionError as error:
            raise ValueError("it is nested too deeply") from error
        except ValueError as error:
            raise ValueError("it holds a number that is too long") from error
        found.append(value)
    return found


def _next(text: str, place: int) -> int:
    """Find where the next document begins: after white space, and after a comma left between lines."""
    while place < len(text) and text[place] in " \t\r\n,\x1e":
        place += 1
    return place


def table_of(value: Any) -> Table:  # noqa: ANN401 - JSON holds anything
    """Return the columns of a table in any known shape.

    Raises:
        ValueError: it is no table.
    """
    if isinstance(value, list):
        return _of_list(value)
    if isinstance(value, dict):
        return _of_document(value)
    raise ValueError(ALLOWED)


def _of_list(rows: list[Any]) -> Table:
    if all(isinstance(row, dict) for row in rows):
        names = dict.fromkeys(name for row in rows for name in row)
        return {name: [row.get(name) for row in rows] for name in names}
    if rows and all(isinstance(row, list) for row in rows):
        names, *others = rows
        if all(isinstance(name, str) for name in names):
            return _of_rows(names, others)
    raise ValueError(ALLOWED)


def _of_rows(names: list[Any], rows: Sequence[Any]) -> Table:
    for number, row in enumerate(rows):
        if not isinstance(row, list) or len(row) != len(names):
            raise ValueError(f"row {number} has not one value for each of the {len(names)} columns")
    return {str(name): [row[place] for row in rows] for place, name in enumerate(names)}


def _of_document(document: dict[str, Any]) -> Table:
    columns, data = document.get("columns"), document.get("data")
    if isinstance(columns, list) and isinstance(data, list):  # pandas, orient="split"
        return _of_rows(columns, data)
    if _names_columns(document):
        return _of_columns(document)
    for name in WRAPPERS:
        if isinstance(document.get(name), list | dict) and document[name]:
            return table_of(document[name])
    lists = [held for held in document.values() if _is_rows(held)]
    if len(lists) == 1:
        return _of_list(lists[0])
    if document and all(isinstance(row, dict) for row in document.values()):  # pandas, orient="index"
        return _of_list(list(document.values()))
    if any(isinstance(document.get(name), list) for name in WRAPPERS):
        return {}
    return _of_list([document])


def _is_rows(held: object) -> bool:
    return isinstance(held, list) and bool(held) and all(isinstance(row, dict) for row in held)


def _names_columns(document: dict[str, Any]) -> bool:
    """Return whether keys are names of columns and values are columns: pandas by default and by `list`."""
    ours = {name: meaning(name) for name in document}
    required = [document[name] for name, known in ours.items() if known in REQUIRED]
    return bool(required) and all(isinstance(column, dict | list) for column in required)


def _of_columns(document: dict[str, Any]) -> Table:
    columns = {name: held for name, held in document.items() if isinstance(held, dict | list)}
    by_place = {name: column for name, column in columns.items() if isinstance(column, dict)}
    listed = {name: column for name, column in columns.items() if isinstance(column, list)}
    if not listed:
        places = dict.fromkeys(place for column in by_place.values() for place in column)
        return {name: [column.get(place) for place in places] for name, column in by_place.items()}
    if by_place:
        raise ValueError(ALLOWED)
    if len({len(column) for column in listed.values()}) > 1:
        raise ValueError("its columns differ in length")
    return listed
