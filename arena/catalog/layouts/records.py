"""One item of a benchmark, and what is known of each benchmark's layout."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from arena.catalog.located import Document, Place


@dataclass(frozen=True)
class Record:
    """One item of a benchmark, whatever its layout."""

    item_id: str
    """What tells it from the others: its id or place in the files, never its text."""
    prompt: str
    document: Document
    """The file that it stands in."""
    place: Place
    """Where it stands there."""
    image_ref: str = ""
    """Name of its first frame in the benchmark's folder of images; "" for none."""
    tags: list[str] = field(default_factory=list)
    dimensions: list[str] = field(default_factory=list)
    expected_sound: str = ""
    aux: dict[str, object] = field(default_factory=dict)
    """Fields of the file that have no place elsewhere, as they are."""
    clip_names: list[str] = field(default_factory=list)
    """What the benchmark's own programs call its clip, without number and ending."""

    @property
    def source_line(self) -> int:
        """Line of the file where it begins."""
        return self.document.line_of(self.place)


class Items(NamedTuple):
    """What a layout's files hold, and the files themselves."""

    records: list[Record]
    documents: list[Document]
    part: str = ""
    """Which of a benchmark's several suites it is, such as audio; "" where there is only one."""


@dataclass(frozen=True)
class Layout:
    """A benchmark as its authors publish it."""

    name: str
    title: str
    files: str
    """What the path must be, in words."""
    licence: str
    terms: str
    """What the licence means for who imports it, as a sentence."""
    read: Callable[[Path], Items]
    needs_images: bool = False
