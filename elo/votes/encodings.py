"""Detection of a text file's encoding."""

from __future__ import annotations

import codecs
from pathlib import Path
from typing import NamedTuple

HEAD = 4096
CHUNK = 1 << 20
FALLBACK = "cp1252"
MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
"""Encodings by byte order mark; UTF-32 first, since its marks begin like those of UTF-16."""


class Encoding(NamedTuple):
    """Encoding of a text file."""

    name: str
    notes: tuple[str, ...] = ()

    @property
    def errors(self) -> str:
        """Handling of bytes without a character: Windows-1252 leaves five undefined."""
        return "replace" if self.name == FALLBACK else "strict"


def by_mark(path: Path, shown: Path) -> str:
    """Guess the encoding by its byte order mark or the positions of zeros; else UTF-8, not yet checked.

    Raises:
        ValueError: the file is not text.
    """
    with path.open("rb") as file:
        head = file.read(HEAD)
    for mark, name in MARKS.items():
        if head.startswith(mark):
            return name
    if b"\0" not in head:
        return "utf-8"
    even, odd = head[::2].count(0), head[1::2].count(0)
    if min(even, odd) == 0 and max(even, odd) > len(head) // 4:
        return "utf-16-be" if even else "utf-16-le"
    raise ValueError(
        f"{shown} is no table of votes: it is neither text nor Parquet nor Arrow. Give one of these, CSV or "
        "JSON, also packed as .gz, .bz2, .xz, .zst or .zip."
    )


def encoding_of(path: Path, shown: Path) -> Encoding:
    """Find the encoding by reading the whole file: Windows-1252 where it is not UTF-8."""
    name = by_mark(path, shown)
    if name != "utf-8" or _is_utf8(path):
        return Encoding(name)
    return Encoding(FALLBACK, (f"{shown.name} is not UTF-8 and was read as Windows-1252.",))


def _is_utf8(path: Path) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        try:
            while chunk := file.read(CHUNK):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True
