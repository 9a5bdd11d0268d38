"""Takes the fields of a parsed file by name and type; what is wrong is reported with its line."""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Any, TypeGuard

from arena.catalog.hashing import canonical_json
from arena.catalog.located import Document, Place

LARGEST_SEED = 2**63 - 1


class Fields:
    """The fields of one mapping, taken by name and type; what is wrong goes to the document's problems."""

    def __init__(self, document: Document, place: Place, value: object) -> None:
        self.document = document
        self.place = place
        self.taken: set[str] = set()
        self.is_mapping = isinstance(value, dict)
        self.values: dict[Any, Any] = value if isinstance(value, dict) else {}
        if not self.is_mapping:
            document.report(place, f"must be a mapping of fields, not {_kind(value)}.")

    def text(self, name: str, *, default: str | None = None, longest: int = 10_000) -> str:
        value = self._take(name, required=default is None)
        if value is None:
            return default or ""
        if not _is_text(value) or len(value) > longest:
            self._report(name, f"must be text of 1 to {longest:,} printable characters, not {_kind(value)}.")
            return ""
        return value.strip()

    def slug(self, name: str) -> str:
        value = self._take(name, required=True)
        if value is None:
            return ""
        text = str(value) if _is_whole(value) else value
        if not isinstance(text, str) or not _is_slug(text):
            self._report(name, f"must be 1 to 64 of a-z, 0-9, '-' and '_', not {_kind(value)}.")
            return ""
        return text

    def texts(self, name: str) -> list[str]:
        value = self._take(name, required=False)
        if value is None:
            return []
        if not isinstance(value, list) or not all(_is_text(item) for item in value):
            self._report(
                name, f"must be a list of texts, such as [bouncing, two objects], not {_kind(value)}."
            )
            return []
        return value

    def seeds(self, name: str, *, default: list[int]) -> list[int]:
        value = self._take(name, required=False)
        if value is None:
            return default
        seeds = _read_seeds(value)
        if seeds is None:
            wanted = "a list of different whole numbers from 0, such as [0, 1]"
            self._report(name, f"must be {wanted}, not {_kind(value)}.")
            return default
        return seeds

    def mapping(self, name: str) -> dict[str, object]:
        value = self._take(name, required=False)
        if value is None:
            return {}
        if not isinstance(value, dict):
            self._report(name, f"must be a mapping, not {_kind(value)}.")
            return {}
        try:
            plain: dict[str, object] = json.loads(canonical_json(value))
        except (TypeError, ValueError):
            self._report(name, "must hold texts, finite numbers, true, false, lists and mappings by text.")
            return {}
        return plain

    def entries(self, name: str) -> list[Fields]:
        value = self._take(name, required=True)
        if value is None:
            return []
        if not isinstance(value, list) or not value:
            self._report(name, f"must be a list with at least one entry, not {_kind(value)}.")
            return []
        return [Fields(self.document, (*self.place, name, i), item) for i, item in enumerate(value)]

    def refuse_others(self) -> None:
        for name in self.values.keys() - self.taken:
            self._report(str(name), f"unknown field. Known: {', '.join(sorted(self.taken))}.")

    def _take(self, name: str, *, required: bool) -> object:
        self.taken.add(name)
        if required and self.is_mapping and self.values.get(name) is None:
            self._report(name, "is missing.")
        return self.values.get(name)

    def _report(self, name: str, message: str) -> None:
        self.document.report((*self.place, name), message)


def _is_text(value: object) -> TypeGuard[str]:
    """Whether a value is text that every database can hold: no control characters, no lone surrogates."""
    return (
        isinstance(value, str)
        and bool(value.strip())
        and all(c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cs") for c in value)
    )


def _is_slug(text: str) -> bool:
    return re.fullmatch("[a-z0-9_-]{1,64}", text) is not None


def _is_whole(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _read_seeds(value: object) -> list[int] | None:
    if not isinstance(value, list) or not value:
        return None
    seeds = [item for item in value if _is_whole(item) and 0 <= item <= LARGEST_SEED]
    return seeds if len(set(seeds)) == len(value) else None


def _kind(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= 40 else f"{type(value).__name__} {shown[:30]}…"
