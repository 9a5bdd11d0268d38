"""Read and write the boxes in front of a fast-start MP4's samples (ISO/IEC 14496-12)."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from arena.media.boxes import HEADER_BYTES, Box, MalformedBoxes, walk
from arena.media.ranges import Bounded, Readable
from arena.media.sample_tables import Numbers, SampleTable

HEAD_BYTES = 64 * 1024
"""Length of the first read, which holds all boxes before the samples of clips up to half a minute."""
BOX_HEADER = 8


class Source(NamedTuple):
    """Boxes of a stored rendition up to its samples."""

    ftyp: bytes
    moov: memoryview
    media: range
    """Positions of the samples in the file."""


def read_source(file: Readable, size_bytes: int) -> Source:
    """Read the boxes before the samples; twice if they are longer than usual.

    Raises:
        MalformedBoxes: the samples come before the boxes, or a box is cut off.
    """
    head = _first_bytes(file, min(HEAD_BYTES, size_bytes))
    needed = _media_at(head)
    if needed > len(head):
        head = _first_bytes(file, min(needed, size_bytes))
        needed = _media_at(head)
    parts: dict[str, memoryview] = {}
    at, view = 0, memoryview(head)
    while at < len(head):
        length, kind, own = _box_head(head, at)
        if kind == b"mdat" and {"ftyp", "moov"} <= parts.keys():
            return Source(bytes(parts["ftyp"]), parts["moov"], range(at + own, at + length))
        parts[kind.decode("latin-1")] = view[at + own : at + length]
        at += length
    raise MalformedBoxes("No media data follow the boxes.")


def _first_bytes(file: Readable, wanted: int) -> bytes:
    if isinstance(file, Bounded):
        file.bound(range(wanted))
    file.seek(0)
    head = bytearray()
    while len(head) < wanted and (read := file.read(wanted - len(head))):
        head += read
    return bytes(head)


def _media_at(head: bytes) -> int:
    """Return the position of the first sample: as far as the boxes reach that can be seen."""
    at = 0
    while at + 16 <= len(head):
        length, kind, own = _box_head(head, at)
        if kind == b"mdat":
            return at + own
        at += length
    return at + 16


def _box_head(head: bytes, at: int) -> tuple[int, bytes, int]:
    """Return a box's length, its kind and the length of its header."""
    if at + 16 > len(head):
        raise MalformedBoxes("A box is cut off.")
    length, kind = struct.unpack_from(">I4s", head, at)
    own = BOX_HEADER
    if length == 1:
        length, own = struct.unpack_from(">Q", head, at + 8)[0], 16
    if length < own:
        raise MalformedBoxes(f"No whole box at byte {at}.")
    return length, kind, own


def write_head(
    source: Source,
    tables: Sequence[SampleTable],
    sizes: Sequence[Numbers | None],
    offsets: Sequence[Numbers],
    media_bytes: int,
) -> bytes:
    """Return all bytes before the first sample of a file whose samples have other sizes and places.

    Args:
        source: boxes of the original file.
        tables: its sample tables, one for each track.
        sizes: new size of each sample, for each track; None for a track that is left out.
        offsets: new place of each sample, counted from the first sample of the file, for each track.
        media_bytes: length of all samples.
    """
    ftyp = _box(b"ftyp", source.ftyp)
    own = 16 if media_bytes + BOX_HEADER >= 2**32 else BOX_HEADER
    media_at = 0
    for _ in range(2):  # the tables hold positions, which depend on the tables' own length
        moov = _write_moov(source.moov, tables, sizes, [media_at + offset for offset in offsets])
        media_at = len(ftyp) + len(moov) + own
    long = struct.pack(">I4sQ", 1, b"mdat", media_bytes + own)
    return ftyp + moov + (long if own == 16 else struct.pack(">I4s", media_bytes + own, b"mdat"))


def _write_moov(
    moov: memoryview,
    tables: Sequence[SampleTable],
    sizes: Sequence[Numbers | None],
    offsets: Sequence[Numbers],
) -> bytes:
    written, track = [], 0
    for box in walk(moov, holders={}):
        if box.kind != "trak":
            written.append(_box(box.kind.encode("latin-1"), bytes(box.payload)))
            continue
        own = sizes[track]
        if own is not None:
            firsts = np.unique(tables[track].chunks, return_index=True)[1]
            chunks = offsets[track][firsts].astype(tables[track].chunk_width)
            written.append(_box(b"trak", _rewrite(box.payload, own, chunks)))
        track += 1
    return _box(b"moov", b"".join(written))


def _rewrite(data: memoryview, sizes: Numbers, chunks: NDArray[Any]) -> bytes:
    """Return the boxes of a track with other tables, and without bit rates."""
    written = []
    for box in walk(data, holders={}):
        own = HEADER_BYTES.get(box.kind)
        if own is not None:
            payload = bytes(box.payload[:own]) + _rewrite(box.payload[own:], sizes, chunks)
        elif box.kind == "btrt":
            continue
        else:
            payload = _rewritten(box, sizes, chunks)
        written.append(_box(box.kind.encode("latin-1"), payload))
    return b"".join(written)


def _rewritten(box: Box, sizes: Numbers, chunks: NDArray[Any]) -> bytes:
    if box.kind == "stsz":
        return struct.pack(">III", 0, 0, len(sizes)) + sizes.astype(">u4").tobytes()
    if box.kind in ("stco", "co64"):
        return struct.pack(">II", 0, len(chunks)) + chunks.tobytes()
    return _without_rates(bytes(box.payload)) if box.kind == "esds" else bytes(box.payload)


def _without_rates(esds: bytes) -> bytes:
    """Return a decoder's description without buffer size and bit rates (ISO/IEC 14496-1, 7.2.6.6)."""
    at = 4
    for own in (3, 0):  # an elementary stream's descriptor, and the decoder's within it
        at += 1
        while esds[at] & 0x80:  # a length of several bytes
            at += 1
        at += 1 + own
    rates = slice(at + 2, at + 13)
    return esds[: rates.start] + bytes(11) + esds[rates.stop :]


def _box(kind: bytes, payload: bytes) -> bytes:
    return struct.pack(">I4s", len(payload) + BOX_HEADER, kind) + payload
