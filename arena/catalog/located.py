"""Parsed files that know the line of each value, so that an error can point at it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Place = tuple[str | int, ...]


class FileError(ValueError):
    """File that can't be loaded; the message has a line for each problem: `file:line: field: requirement`."""


@dataclass
class Document:
    """Value of a file, the line of each part of it, and the problems found so far."""

    path: Path
    value: Any = None
    lines: dict[Place, int] = field(default_factory=dict)
    problems: list[tuple[int, str]] = field(default_factory=list)

    def line_of(self, place: Place) -> int:
        """Return the line of a place, or of the nearest place around it whose line is known."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place, 1)

    def report(self, place: Place, message: str) -> None:
        """Note a problem with its line, its field and what is right."""
        name = ".".join(str(part) for part in place) or "file"
        line = self.line_of(place)
        self.problems.append((line, f"{self.path.name}:{line}: {name}: {message}"))

    def report_repeated(self, entries: str, name: str, values: Sequence[str]) -> None:
        """Report each value of a field that repeats an earlier entry of the list."""
        first: dict[str, int] = {}
        for index, value in enumerate(values):
            if value and first.setdefault(value, index) != index:
                line = self.line_of((entries, first[value]))
                self.report((entries, index, name), f"'{value}' is taken by the entry of line {line}.")

    def raise_problems(self) -> None:
        """Raise FileError with all reported problems in the order of lines, if there are any."""
        if self.problems:
            raise FileError("\n".join(text for _, text in sorted(self.problems)))
