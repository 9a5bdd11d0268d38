"""Takes the fields of a parsed file by name and type; what is wrong is reported with its line."""

from __future__ import annotations

from typing import Any

from arena.catalog.located import Document, Place


class Fields:
    """The fields of one mapping, taken by name and type; what is wrong goes to the document's problems."""

    def __init__(self, document: Document, place: Place, value: object) -> None:
        self.document = document
        self.place = place
        self.taken: set[str] = set()
        if isinstance(value, dict):
            self.values: dict[Any, Any] = value
        else:
            document.report(place, f"must be a mapping of fields, not {_kind(value)}.")
            self.values = {}

    def text(self, name: str, *, default: str | None = None, longest: int = 10_000) -> str:
        value = self._take(name, required=default is None)
        if value is None:
            return default or ""
        if not isinstance(value, str) or not value.strip() or len(value) > longest:
            self._report(name, f"must be text of 1 to {longest:,} characters, not {_kind(value)}.")
            return ""
        return value.strip()

    def slug(self, name: str) -> str:
        value = self._take(name, required=True)
        if value is None:
            return ""
        text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
        if not isinstance(text, str) or not _is_slug(text):
            self._report(name, f"must be 1 to 64 of a-z, 0-9, '-' and '_', not {_kind(value)}.")
            return ""
        return text

    def texts(self, name: str) -> list[str]:
        value = self._take(name, required=False)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
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
        return value

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
        if required and self.values.get(name) is None:
            self._report(name, "is missing.")
        return self.values.get(name)

    def _report(self, name: str, message: str) -> None:
        self.document.report((*self.place, name), message)


def _is_slug(text: str) -> bool:
    return 0 < len(text) <= 64 and all(
        c.isascii() and (c.isdigit() or c.islower() or c in "-_") for c in text
    )


def _read_seeds(value: object) -> list[int] | None:
    if not isinstance(value, list) or not value:
        return None
    seeds = [
        item for item in value if isinstance(item, int) and not isinstance(item, bool) and 0 <= item < 2**63
    ]
    return seeds if len(set(seeds)) == len(value) else None


def _kind(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= 40 else f"{type(value).__name__} {shown[:30]}…"
