"""Read YAML and JSONL with the line of each value. Both hold what JSON can hold, and no guesses."""

from __future__ import annotations

import json
import os
import re
import stat
from pathlib import Path
from typing import Any

import yaml

from arena.catalog.located import Document, FileError, Place
from arena.catalog.written import WrittenFloat

LARGEST_BYTES = 16 * 2**20
"""Largest file that is read; a suite of 20,000 prompts has 3 MiB."""


def read_document(path: Path) -> Document:
    """Read `.yaml`, `.yml` or `.jsonl`.

    A JSONL file's first line holds the head; each line after it is one entry of the head's list `prompts`.

    Raises:
        FileError: the file is missing, of another kind, larger than 16 MiB, not UTF-8 or not well-formed.
    """
    readers = {".yaml": _read_yaml, ".yml": _read_yaml, ".jsonl": _read_jsonl}
    if path.suffix not in readers:
        raise FileError(f"{path.name}: unknown kind of file '{path.suffix}'. Known: {', '.join(readers)}.")
    content = read_bounded(path, LARGEST_BYTES)
    try:
        return readers[path.suffix](path, content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise FileError(f"{path.name}:{line}: not UTF-8. Save the file as UTF-8.") from error
    except RecursionError as error:
        raise FileError(f"{path.name}: nested too deeply. A suite needs 4 levels.") from error


def read_bounded(path: Path, largest_bytes: int) -> bytes:
    """Read a regular file; a device would never end, and a pipe might never answer.

    Raises:
        FileError: the file can't be read, is not a regular file, or is too large.
    """
    try:
        with open(path, "rb", opener=_open_at_once) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise FileError(f"{path}: can't be read: not a regular file.")
            content = file.read(largest_bytes + 1)
    except OSError as error:
        raise FileError(f"{path}: can't be read: {error.strerror}.") from error
    if len(content) > largest_bytes:
        most = f"{largest_bytes / 2**20:g} MiB"
        raise FileError(f"{path.name}: must be at most {most}; got more. Split the file.")
    return content


def _open_at_once(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)  # a pipe would wait for a writer


class _PlainLoader(yaml.SafeLoader):
    """Loader of YAML 1.2's plain values: `no` is Norwegian, not false; 010 is a text, not eight."""

    yaml_implicit_resolvers = {}

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]  # the stubs leave it out
        # An alias can hold itself, or grow without bound; a tag can ask for types that JSON lacks.
        if isinstance(event, yaml.AliasEvent) or getattr(event, "tag", None):
            problem = "aliases and tags aren't taken here; put a text that begins with *, & or ! in quotes"
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=event.start_mark)
        return super().compose_node(parent, index)


for _kind, _pattern, _first in (
    ("null", r"~|null|", ["~", "n", ""]),
    ("bool", r"true|false", ["t", "f"]),
    ("int", r"0|-?[1-9][0-9]{0,18}", list("-0123456789")),
    ("float", r"-?(0|[1-9][0-9]*)(\.[0-9]+([eE][-+]?[0-9]+)?|[eE][-+]?[0-9]+)", list("-0123456789")),
):
    _PlainLoader.add_implicit_resolver(f"tag:yaml.org,2002:{_kind}", re.compile(f"^(?:{_pattern})$"), _first)
_PlainLoader.add_constructor("tag:yaml.org,2002:float", lambda _, node: WrittenFloat(node.value))


def _read_yaml(path: Path, text: str) -> Document:
    document = Document(path)
    try:
        loader = _PlainLoader(text)
        root = loader.get_single_node()
        if root is None:
            raise FileError(f"{path.name}:1: the file is empty.")
        _locate(root, (), document)
        document.value = loader.construct_document(root)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        reason = ", ".join(filter(None, [error.context, error.problem]))
        raise FileError(f"{path.name}:{line}: can't be read as YAML: {reason}.{_advice(error)}") from error
    except yaml.reader.ReaderError as error:
        line = text[: error.position].count("\n") + 1
        raise FileError(f"{path.name}:{line}: a control character stands here. Remove it.") from error
    return document


def _advice(error: yaml.MarkedYAMLError) -> str:
    """Return the likely remedy if the parser's message doesn't name it."""
    problem = error.problem or ""
    if "'\\t'" in problem:
        return " Indent with spaces instead of tabs."
    if isinstance(error, yaml.scanner.ScannerError | yaml.parser.ParserError):
        return " Put the text in quotes if it has ': ' or ' #' in it or begins with a special character."
    return ""


def _locate(node: yaml.Node, place: Place, document: Document) -> None:
    document.lines.setdefault(place, node.start_mark.line + 1)
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            _locate(item, (*place, index), document)
    elif isinstance(node, yaml.MappingNode):
        for key, item in node.value:
            if not isinstance(key, yaml.ScalarNode):
                continue  # constructing the document refuses it
            inner = (*place, key.value)
            is_repeated = inner in document.lines
            document.lines[inner] = key.start_mark.line + 1
            if is_repeated:
                document.report(inner, "given twice. Keep one.")
            _locate(item, inner, document)


def _read_jsonl(path: Path, text: str) -> Document:
    # Not splitlines(): a prompt may hold U+2028, which JSON allows and which ends a line for Python.
    lines = [(number, line) for number, line in enumerate(text.split("\n"), start=1) if line.strip()]
    rows = [read_json_line(path, number, line) for number, line in lines]
    head = rows[0] if rows else None
    if not isinstance(head, dict):
        raise FileError(
            f"{path.name}:1: the first line must be the head, such as "
            '{"suite": "my-suite", "title": "My suite"}.'
        )
    document = Document(path, {**head, "prompts": rows[1:]}, {(): lines[0][0]})
    document.lines |= {("prompts", index): number for index, (number, _) in enumerate(lines[1:])}
    if "prompts" in head:
        document.report(("prompts",), "must stand on the lines after the head, one on each.")
    return document


def read_json_line(path: Path, number: int, line: str) -> object:
    """Read one line of a JSONL file. Raise FileError, with its number, if it is not JSON."""
    try:
        row: object = json.loads(
            line,
            object_pairs_hook=refuse_repeated,
            parse_constant=refuse_constant,
            parse_float=WrittenFloat,
        )
        return row
    except ValueError as error:
        reason = str(error)
        if isinstance(error, json.JSONDecodeError):
            reason = f"{error.msg} (column {error.colno})"
        raise FileError(f"{path.name}:{number}: can't be read as JSON: {reason}.") from error


def refuse_repeated(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make a mapping of JSON's pairs. Raise ValueError if a key is given twice."""
    values = dict(pairs)
    if len(values) < len(pairs):
        name = next(name for name in values if [key for key, _ in pairs].count(name) > 1)
        raise ValueError(f"'{name}' is given twice")
    return values


def refuse_constant(name: str) -> None:
    """Raise ValueError for NaN and the infinities, which Python's reader would take."""
    raise ValueError(f"{name} is no number in JSON")
