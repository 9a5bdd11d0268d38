"""Take the fields of a parsed file by name and type, and report problems with their lines."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator
from datetime import date
from typing import Any, TypeGuard

from arena.catalog.hashing import canonical_json
from arena.catalog.located import Document, Place
from arena.catalog.written import as_text, show
from generators.base import LARGEST_SEED

LONGEST_TAG = 200
LARGEST_AMOUNT = 1_000_000


class Fields:
    """Fields of one mapping, taken by name and type; problems are reported to the document."""

    def __init__(self, document: Document, place: Place, value: object) -> None:
        self.document = document
        self.place = place
        self.taken: set[str] = set()
        self.is_mapping = isinstance(value, dict)
        self.values: dict[Any, Any] = value if isinstance(value, dict) else {}
        if not self.is_mapping:
            document.report(place, f"must be a mapping of fields; got {show(value)}.")

    def text(self, name: str, *, default: str | None = None, longest: int = 10_000) -> str:
        """Take a text; a plain number, true or false counts as the text in the file."""
        value = self._take(name, required=default is None)
        if value is None:
            return default or ""
        text = as_text(value)
        if text is None:
            self._report(name, f"must be text; got {show(value)}. Put the text in quotes.")
            return ""
        text = _with_plain_line_ends(text).strip()
        if (problem := _problem_of(text, longest)) is not None:
            self._report(name, problem)
            return ""
        return text

    def slug(self, name: str) -> str:
        """Take a slug: 1 to 64 small letters, digits, hyphens and underscores."""
        value = self._take(name, required=True)
        if value is None:
            return ""
        text = as_text(value)
        if text is None or not _is_slug(text):
            self._report(name, f"must be 1 to 64 of a-z, 0-9, '-' and '_'; got {show(value)}.")
            return ""
        return text

    def texts(self, name: str) -> list[str]:
        """Take a list of short texts; an absent one is empty."""
        value = self._take(name, required=False)
        if value is None:
            return []
        texts = [as_text(item) for item in value] if isinstance(value, list) else [None]
        plain = [text for text in texts if text is not None]
        if len(plain) < len(texts):
            wanted = "a list of texts, such as [bouncing, two objects]"
            self._report(name, f"must be {wanted}; got {show(value)}. Put each text in quotes.")
            return []
        if problem := next(filter(None, (_problem_of(text, LONGEST_TAG) for text in plain)), None):
            self._report(name, f"each text {problem}")
            return []
        return plain

    def day(self, name: str) -> date | None:
        """Take a date such as 2026-03-31; None if it is absent."""
        text = self.text(name, default="")
        if not text:
            return None
        try:
            return date.fromisoformat(text)
        except ValueError:
            self._report(name, f"must be a date such as 2026-03-31; got {show(text)}.")
            return None

    def truth(self, name: str) -> bool | None:
        """Take true or false; None if it is absent."""
        value = self._take(name, required=False)
        if value is not None and not isinstance(value, bool):
            self._report(name, f"must be true or false; got {show(value)}.")
            return None
        return value

    def amount(self, name: str) -> float | None:
        """Take a finite number of 0 or more; None if it is absent."""
        value = self._take(name, required=False)
        if value is None:
            return None
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= LARGEST_AMOUNT:
            return float(value)
        self._report(name, f"must be a number from 0 to {LARGEST_AMOUNT:,}; got {show(value)}.")
        return None

    def seeds(self, name: str, *, default: list[int]) -> list[int]:
        """Take a list of different seeds."""
        value = self._take(name, required=False)
        if value is None:
            return default
        seeds = _read_seeds(value)
        if seeds is None:
            wanted = f"a list of different whole numbers from 0 to {LARGEST_SEED}"
            self._report(name, f"must be {wanted}; got {show(value)}. Write it like [0, 1].")
            return default
        return seeds

    def mapping(self, name: str) -> dict[str, object]:
        """Take a mapping of values that JSON can hold."""
        value = self._take(name, required=False)
        if value is None:
            return {}
        if not isinstance(value, dict):
            self._report(name, f"must be a mapping; got {show(value)}.")
            return {}
        return self._plain(name, value)

    def others(self) -> dict[str, object]:
        """Take all fields that nothing has taken, as they are."""
        others = {name: value for name, value in self.values.items() if name not in self.taken}
        self.taken |= others.keys()
        return {name: self._plain(str(name), {name: value}).get(name) for name, value in others.items()}

    def _plain(self, name: str, value: dict[Any, Any]) -> dict[str, object]:
        try:
            plain: dict[str, object] = json.loads(canonical_json(value))
        except (TypeError, ValueError):
            self._report(name, "must hold texts, finite numbers, true, false, lists and mappings by text.")
            return {}
        if (odd := next((item for item in _leaves(plain) if not _is_storable(item)), None)) is not None:
            wanted = f"whole numbers up to {LARGEST_SEED} and texts without NUL and lone surrogates"
            self._report(name, f"must hold {wanted}; got {show(odd)}.")
            return {}
        return plain

    def entries(self, name: str) -> list[Fields]:
        """Take a list of at least one mapping, and return the fields of each."""
        value = self._take(name, required=True)
        if value is None:
            return []
        if not isinstance(value, list) or not value:
            self._report(name, f"must be a list with at least one entry; got {show(value)}.")
            return []
        return [Fields(self.document, (*self.place, name, i), item) for i, item in enumerate(value)]

    def refuse_others(self) -> None:
        """Report the fields that nothing has taken."""
        for name in self.values.keys() - self.taken:
            self._report(str(name), f"unknown field. Known: {', '.join(sorted(self.taken))}.")

    def _take(self, name: str, *, required: bool) -> object:
        self.taken.add(name)
        if required and self.is_mapping and self.values.get(name) is None:
            self._report(name, "is missing.")
        return self.values.get(name)

    def _report(self, name: str, message: str) -> None:
        self.document.report((*self.place, name), message)


def _with_plain_line_ends(text: str) -> str:
    """Replace Windows' line ends, which JSON keeps; YAML replaces them itself."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _problem_of(text: str, longest: int) -> str | None:
    """Return the end of an error about a text that can't be shown or stored; None if it can."""
    if not text.strip():
        return f"must be text; got {text!r}."
    if len(text) > longest:
        return f"must be text of at most {longest:,} characters; got {len(text):,}. Shorten it."
    if odd := next((c for c in text if c not in "\n\t" and unicodedata.category(c) in ("Cc", "Cs")), ""):
        return f"must be printable text; got the character {odd!a} in {show(text)}. Remove it."
    return None


def _leaves(value: object) -> Iterator[object]:
    """Yield all keys and plain values in a JSON value."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from _leaves(item)
    elif isinstance(value, list):
        for item in value:
            yield from _leaves(item)
    else:
        yield value


def _is_storable(value: object) -> bool:
    """Return whether every database and every reader of JSON keeps a plain value exactly."""
    if isinstance(value, str):
        return "\0" not in value and not any("\ud800" <= character <= "\udfff" for character in value)
    return not _is_whole(value) or abs(value) <= LARGEST_SEED


def _is_slug(text: str) -> bool:
    return re.fullmatch("[a-z0-9_-]{1,64}", text) is not None


def _is_whole(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _read_seeds(value: object) -> list[int] | None:
    if not isinstance(value, list) or not value:
        return None
    seeds = [item for item in value if _is_whole(item) and 0 <= item <= LARGEST_SEED]
    return seeds if len(set(seeds)) == len(value) else None
