"""Walk the boxes of an MP4 file (ISO/IEC 14496-12, section 4.2) without trusting their sizes."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

# Boxes that hold boxes, with the number of their own bytes that come first.
HEADER_BYTES = {
    "moov": 0,
    "trak": 0,
    "edts": 0,
    "mdia": 0,
    "minf": 0,
    "dinf": 0,
    "stbl": 0,
    "stsd": 8,
    "dref": 8,
    "avc1": 78,
    "mp4a": 28,
    "udta": 0,
    "meta": 4,
    "ilst": 0,
}


class MalformedBoxes(ValueError):
    """Bytes that aren't a sequence of boxes."""


@dataclass(frozen=True)
class Box:
    """Box of a file; `path` reads from the outside in, as in `moov/trak/mdia/hdlr`."""

    path: str
    payload: memoryview

    @property
    def kind(self) -> str:
        """Four letters that name the box."""
        return self.path.rpartition("/")[2]


def walk(data: memoryview, within: str = "", holders: Mapping[str, int] = HEADER_BYTES) -> Iterator[Box]:
    """Yield every box, outer before inner.

    Args:
        data: the file, or what stands inside the box `within`.
        within: path of the box that holds the data.
        holders: kinds of boxes that are entered, with the number of bytes before their first inner box.

    Raises:
        MalformedBoxes: a box is longer than what holds it, or bytes are left over.
    """
    at = 0
    while at < len(data):
        head, size, kind = _header(data, at, within)
        box = Box(f"{within}/{kind}".lstrip("/"), data[at + head : at + size])
        yield box
        if kind in holders:
            yield from walk(box.payload[holders[kind] :], box.path, holders)
        at += size


def _header(data: memoryview, at: int, within: str) -> tuple[int, int, str]:
    """Return the bytes in the header, the bytes in the whole box, and its four-letter kind."""
    left, head = len(data) - at, 8
    if left >= head:
        size, code = struct.unpack_from(">I4s", data, at)
        if size == 1 and left >= 16:
            head, size = 16, struct.unpack_from(">Q", data, at + 8)[0]
        if head <= size <= left:
            return head, size, code.decode("latin-1")
    raise MalformedBoxes(f"No whole box at byte {at} of {within or 'the file'}.")
