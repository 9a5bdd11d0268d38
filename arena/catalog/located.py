"""Reads YAML and JSONL keeping the line of every value, so that an error can point at it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

Place = tuple[str | int, ...]


class FileError(ValueError):
    """A file that can't be loaded: one line for each problem, as `file:line: field: what is right`."""


@dataclass
class Document:
    """A parsed file: its value, and the line where each part of it stands."""

    path: Path
    value: Any
    lines: Mapping[Place, int]
    problems: list[tuple[int, str]] = field(default_factory=list)

    def line_of(self, place: Place) -> int:
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place, 1)

    def report(self, place: Place, message: str) -> None:
        name = ".".join(str(part) for part in place) or "file"
        line = self.line_of(place)
        self.problems.append((line, f"{self.path.name}:{line}: {name}: {message}"))

    def raise_problems(self) -> None:
        if self.problems:
            raise FileError("\n".join(text for _, text in sorted(self.problems)))


def read_document(path: Path) -> Document:
    """Reads `.yaml`, `.yml` or `.jsonl`.

    A JSONL file's first line holds the head; each line after it is one entry of the head's list `prompts`.

    Raises:
        FileError: the file is missing, of another kind, not UTF-8 or not well-formed.
    """
    readers = {".yaml": _read_yaml, ".yml": _read_yaml, ".jsonl": _read_jsonl}
    if path.suffix not in readers:
        raise FileError(f"{path.name}: unknown kind of file '{path.suffix}'. Known: {', '.join(readers)}.")
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise FileError(f"{path}: can't be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise FileError(f"{path.name}:{line}: not UTF-8. Save the file as UTF-8.") from error
    return readers[path.suffix](path, text)


def _read_yaml(path: Path, text: str) -> Document:
    lines: dict[Place, int] = {}
    problems: list[tuple[int, str]] = []
    loader = yaml.SafeLoader(text)

    def locate(node: yaml.Node, place: Place) -> None:
        lines.setdefault(place, node.start_mark.line + 1)
        if isinstance(node, yaml.SequenceNode):
            for index, item in enumerate(node.value):
                locate(item, (*place, index))
        elif isinstance(node, yaml.MappingNode):
            for key, item in node.value:
                inner = (*place, key.value)
                line = key.start_mark.line + 1
                if inner in lines:
                    problems.append((line, f"{path.name}:{line}: {key.value}: given twice. Keep one."))
                lines[inner] = line
                locate(item, inner)

    try:
        root = loader.get_single_node()
        if root is None:
            raise FileError(f"{path.name}:1: the file is empty.")
        locate(root, ())
        value = loader.construct_document(root)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise FileError(f"{path.name}:{line}: not YAML: {error.problem}.") from error
    except yaml.YAMLError as error:
        raise FileError(f"{path.name}: not YAML: {error}") from error
    return Document(path, value, lines, problems)


def _read_jsonl(path: Path, text: str) -> Document:
    rows: list[Any] = []
    numbers: list[int] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise FileError(f"{path.name}:{number}: not JSON: {error.msg} (column {error.colno}).") from error
        rows.append(row)
        numbers.append(number)
    if not rows or not isinstance(rows[0], dict):
        raise FileError(
            f"{path.name}:1: the first line must be the head, such as "
            '{"suite": "my-suite", "title": "My suite"}.'
        )
    head, *entries = rows
    lines: dict[Place, int] = {(): numbers[0], ("prompts",): numbers[0]}
    lines |= {("prompts", index): number for index, number in enumerate(numbers[1:])}
    return Document(path, {**head, "prompts": entries}, lines)
