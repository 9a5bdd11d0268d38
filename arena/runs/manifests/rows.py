"""Read one line of a manifest, field by field; an error names file, line and field."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn

from arena.catalog.written import show

REMEDY = "Export the run again: manage.py export_run RUN --output FILE"
HASH = re.compile(r"[0-9a-f]{64}")


class ManifestError(ValueError):
    """Manifest that can't be read; the message names the file, and the line and field if there is one."""


class Row:
    """Fields of one line, or of one mapping in it."""

    def __init__(self, path: Path, line: int, values: Mapping[str, Any], within: str = "") -> None:
        self.line = line
        self._path = path
        self._values = values
        self._within = within

    @staticmethod
    def parse(path: Path, line: int, text: bytes) -> Row:
        """Return the fields of a line of JSON.

        Raises:
            ManifestError: The line is not a JSON object.
        """
        try:
            values = json.loads(text.decode("utf-8"), parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as error:
            raise ManifestError(
                f"{path}, line {line}: must be a JSON object; it is not ({_first_line(error)}). {REMEDY}"
            ) from error
        if not isinstance(values, dict):
            raise ManifestError(f"{path}, line {line}: must be a JSON object; got {show(values)}. {REMEDY}")
        return Row(path, line, values)

    def text(self, name: str) -> str:
        """Return a text; it may be empty."""
        return str(self._take(name, "a text", lambda value: isinstance(value, str)))

    def hash(self, name: str, *, empty: bool = False) -> str:
        """Return a SHA-256; with `empty`, an empty text stands for none."""
        wanted = "a SHA-256 of 64 hexadecimal digits"
        return str(self._take(name, wanted, lambda value: _is_hash(value) or (empty and value == "")))

    def number(self, name: str, largest: int) -> int:
        """Return a whole number from 0 to `largest`."""
        return int(self._take(name, f"a whole number from 0 to {largest}", lambda v: _is_whole(v, largest)))

    def choice(self, name: str, allowed: Mapping[str, object] | tuple[str, ...]) -> str:
        """Return one of the allowed texts."""
        wanted = f"one of {', '.join(allowed)}"
        return str(self._take(name, wanted, lambda value: isinstance(value, str) and value in allowed))

    def mapping(self, name: str) -> Row:
        """Return the fields of a mapping."""
        value = self._take(name, "a mapping", lambda value: isinstance(value, dict))
        return Row(self._path, self.line, value, f"{self._within}{name}.")

    def optional(self, name: str) -> Row | None:
        """Return the fields of a mapping, or None where the field is null or missing."""
        return None if self._values.get(name) is None else self.mapping(name)

    def plain(self) -> dict[str, Any]:
        """Return the fields as they are."""
        return dict(self._values)

    def refuse(self, name: str, requirement: str, found: object) -> NoReturn:
        """Raise ManifestError about a field."""
        place = f"{self._path}, line {self.line}, field '{self._within}{name}'"
        raise ManifestError(f"{place}: must be {requirement}; got {show(found)}. {REMEDY}")

    def _take(self, name: str, requirement: str, is_right: Callable[[Any], bool]) -> Any:  # noqa: ANN401 - JSON
        if name not in self._values:
            place = f"{self._path}, line {self.line}, field '{self._within}{name}'"
            raise ManifestError(f"{place}: must be {requirement}; it is missing. {REMEDY}")
        value = self._values[name]
        if not is_right(value):
            self.refuse(name, requirement, value)
        return value


def _is_hash(value: object) -> bool:
    return isinstance(value, str) and HASH.fullmatch(value) is not None


def _is_whole(value: object, largest: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= largest


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0][:200]
