"""Find anything in an MP4 that could tell a rater which system made it.

Boxes and H.264 units are checked against lists of allowed ones, so that an unknown one counts as a leak.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import av
from av.container import InputContainer

from arena.media.boxes import HEADER_BYTES, Box, MalformedBoxes, walk
from arena.media.intake import READ_SAFELY

STRUCTURE = {
    *("ftyp", "moov", "mvhd", "free", "mdat"),
    *("trak", "tkhd", "edts", "elst", "mdia", "mdhd", "hdlr", "minf", "vmhd", "smhd", "dinf", "dref", "url "),
    *("stbl", "stsd", "stts", "stss", "ctts", "stsc", "stsz", "stco", "co64", "sgpd", "sbgp"),
    *("avc1", "avcC", "colr", "pasp", "btrt", "mp4a", "esds"),
    *("udta", "meta", "ilst"),  # ffmpeg always writes them; a tag would be a box inside of ilst
}
# Slices, parameter sets and delimiters (ITU-T H.264, table 7-1). Not among them: SEI (6), filler (12).
PICTURE_UNITS = {1, 2, 3, 4, 5, 7, 8, 9, 10, 11}
SEI_UNIT = 6
CODECS = {"video": "h264", "audio": "aac"}
READ_EVERY_SAMPLE = READ_SAFELY | {"ignore_editlist": "1"}

BRANDS = {b"isom", b"iso2", b"avc1", b"mp41"}
HANDLERS = {b"vide", b"soun", b"mdir"}
TABLES = {"stts", "stss", "ctts", "stsc", "stsz", "stco", "co64"}
"""Boxes that hold numbers alone, which spell short words by chance."""

# Compressed data hold short strings by chance: in 5 MB, 4 given letters in either case occur in one file of
# 50, 8 letters in one of 10^10. So short words are searched outside of mdat only, and as whole words, as a
# contender may be called "iso" or "meta" like brands and boxes.
SHORTEST_IN_HEADERS = 3
SHORTEST_ANYWHERE = 8
ENCODERS_IN_HEADERS = ("lavc", "lavf", "x264", "x265", "ffmpeg", "c2pa", "handler")
ENCODERS_IN_MEDIA = re.compile(rb"Lav[cf]\d+\.\d+|x26[45] - core|x26[45] \(build")

HANDLER_TYPE = slice(8, 12)  # ISO/IEC 14496-12, 8.4.3
HANDLER_NAME = slice(24, None)
COMPRESSOR_NAME = slice(42, 74)  # in a visual sample entry (ISO/IEC 14496-12, 12.1.3)
UNDETERMINED = 0x55C4  # the language "und", packed


@dataclass(frozen=True)
class Leak:
    """Part of a file that names, dates or marks its maker."""

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


def find_leaks(source: Path | bytes, forbidden: Iterable[str] = ()) -> list[Leak]:
    """Return all leaks of an MP4 of H.264 and AAC; an empty list means that the file is clean.

    Args:
        source: the file or its bytes.
        forbidden: strings that must not occur, in any case, such as contenders' names. Those of 8 characters
            and more must not occur anywhere; those of 3 and more not as words of their own outside of media
            data. Names that the format itself has, of boxes and brands, don't count.
    """
    data = source if isinstance(source, bytes) else source.read_bytes()
    try:
        boxes = list(walk(memoryview(data)))
    except MalformedBoxes as error:
        return [Leak("file", f"bytes that are no part of an MP4. {error}")]
    return [
        *(leak for box in boxes for leak in _leaks_of_box(box)),
        *_leaks_of_streams(data, boxes),
        *_leaks_of_words(boxes, list(forbidden)),
    ]


def _leaks_of_box(box: Box) -> Iterator[Leak]:
    payload = box.payload
    if box.kind not in STRUCTURE:
        yield Leak(box.path, "a box that playing doesn't need")
    elif box.kind == "free" and any(payload):
        yield Leak(box.path, "padding that isn't zero")
    elif box.kind == "ftyp":
        yield from (Leak(box.path, f"the brand {_text(brand)}") for brand in _unknown_brands(box))
    elif box.kind == "hdlr" and bytes(payload[HANDLER_TYPE]) not in HANDLERS:
        yield Leak(box.path, f"the handler type {_text(payload[HANDLER_TYPE])}")
    elif box.kind == "hdlr" and bytes(payload[HANDLER_NAME]).strip(b"\0"):
        yield Leak(box.path, f"handler name {_text(payload[HANDLER_NAME])}")
    elif box.kind == "avc1" and any(payload[COMPRESSOR_NAME]):
        yield Leak(box.path, f"compressor name {_text(payload[COMPRESSOR_NAME])}")
    elif box.kind == "colr" and bytes(payload[:4]) != b"nclx":
        yield Leak(box.path, "a colour profile, which names its maker")
    elif box.kind in ("mvhd", "tkhd", "mdhd"):
        yield from _leaks_of_times(box)


def _leaks_of_times(box: Box) -> Iterator[Leak]:
    wide = 8 if box.payload[0] == 1 else 4  # bytes in a time, by the box's version
    two_times = box.payload[4 : 4 + 2 * wide]
    if any(two_times):
        yield Leak(box.path, "a creation or modification time")
    if box.kind != "mdhd":
        return
    language = int.from_bytes(box.payload[-4:-2], "big")
    if language not in (0, UNDETERMINED):
        yield Leak(box.path, "a language")


def _leaks_of_streams(data: bytes, boxes: list[Box]) -> Iterator[Leak]:
    unread = sum(len(box.payload) for box in boxes if box.path == "mdat")
    units: set[int] = set()
    try:
        with av.open(io.BytesIO(data), mode="r", format="mov", options=READ_EVERY_SAMPLE) as container:
            yield from _leaks_of_codecs(container)
            for packet in container.demux():
                unread -= packet.size
                if packet.stream.type == "video":
                    units.update(_units(bytes(packet)))
    except av.error.FFmpegError as error:
        yield Leak("file", f"not readable as MP4 ({error.strerror})")
        return
    for unit in sorted(units - PICTURE_UNITS):
        yield Leak("video", "an SEI message" if unit == SEI_UNIT else f"an H.264 unit of type {unit}")
    if unread:
        yield Leak("mdat", f"{unread} bytes that belong to no picture or sound")


def _leaks_of_codecs(container: InputContainer) -> Iterator[Leak]:
    for stream in container.streams:
        context = stream.codec_context
        if context is None or context.name != CODECS.get(stream.type):
            yield Leak(f"stream {stream.index}", "not H.264 or AAC, so that its contents can't be audited")


def _units(packet: bytes) -> Iterator[int]:
    """Yield the types of the H.264 units in a packet; each begins with its length in four bytes."""
    at = 0
    while at + 5 <= len(packet):
        yield packet[at + 4] & 0x1F
        at += 4 + int.from_bytes(packet[at : at + 4], "big")


def _leaks_of_words(boxes: list[Box], forbidden: list[str]) -> Iterator[Leak]:
    media = b"".join(box.payload for box in boxes if box.path == "mdat")
    headers = b"\0".join(text for box in boxes for text in _texts(box)).lower()
    for word in ENCODERS_IN_HEADERS:
        if word.encode() in headers:
            yield Leak("headers", f"the word '{word}'")
    for word in forbidden:
        if len(word) >= SHORTEST_IN_HEADERS and _pattern(word).search(headers):
            yield Leak("headers", f"the word '{word}'")
        if len(word) >= SHORTEST_ANYWHERE and word.lower().encode() in media.lower():
            yield Leak("mdat", f"the word '{word}'")
    for mark in sorted(set(ENCODERS_IN_MEDIA.findall(media))):
        yield Leak("mdat", f"an encoder's mark {_text(mark)}")


def _pattern(word: str) -> re.Pattern[bytes]:
    """Return a pattern in lower case: it finds a long word anywhere, a short one as a word of its own."""
    escaped = re.escape(word.lower().encode())
    return re.compile(escaped if len(word) >= SHORTEST_ANYWHERE else rb"(?<![a-z])%s(?![a-z])" % escaped)


def _texts(box: Box) -> Iterator[bytes]:
    """Yield the texts of a box, without inner boxes, tables and names that the format itself has."""
    if box.kind not in STRUCTURE:
        yield box.kind.encode("latin-1")
    if box.kind in HEADER_BYTES:
        yield bytes(box.payload[: HEADER_BYTES[box.kind]])
    elif box.kind == "ftyp":
        yield from _unknown_brands(box)
    elif box.kind == "hdlr":
        yield bytes(box.payload[HANDLER_NAME])
    elif box.kind == "colr":
        yield bytes(box.payload).removeprefix(b"nclx")
    elif box.kind not in TABLES and box.path != "mdat":
        yield bytes(box.payload)


def _unknown_brands(box: Box) -> list[bytes]:
    """Return the brands that ffmpeg doesn't write; the four bytes after the first brand are a version."""
    words = [bytes(box.payload[at : at + 4]) for at in range(0, len(box.payload), 4)]
    brands = words[:1] + words[2:]
    return [brand for brand in brands if brand not in BRANDS]


def _text(name: bytes | memoryview) -> str:
    return repr(bytes(name).strip(b"\0").decode("latin-1"))
