from __future__ import annotations

import struct

import pytest

from arena.media.boxes import MalformedBoxes, walk


def paths(data: bytes) -> list[str]:
    return [box.path for box in walk(memoryview(data))]


def box(kind: bytes, payload: bytes = b"") -> bytes:
    return struct.pack(">I4s", 8 + len(payload), kind) + payload


def test_outer_boxes_come_before_inner_ones() -> None:
    data = box(b"ftyp", b"isom") + box(b"moov", box(b"mvhd") + box(b"trak", box(b"tkhd")))

    assert paths(data) == ["ftyp", "moov", "moov/mvhd", "moov/trak", "moov/trak/tkhd"]


def test_boxes_behind_a_boxs_own_fields_are_found() -> None:
    assert paths(box(b"stsd", bytes(8) + box(b"mp4a", bytes(28) + box(b"esds")))) == [
        "stsd",
        "stsd/mp4a",
        "stsd/mp4a/esds",
    ]


def test_a_size_of_64_bits() -> None:
    large = struct.pack(">I4sQ", 1, b"mdat", 16 + 3) + b"abc"

    assert [(b.kind, bytes(b.payload)) for b in walk(memoryview(large + box(b"free")))] == [
        ("mdat", b"abc"),
        ("free", b""),
    ]


@pytest.mark.parametrize(
    "data",
    [
        b"\0\0\0",
        struct.pack(">I4s", 9, b"free"),
        struct.pack(">I4s", 7, b"free"),
        struct.pack(">I4s", 0, b"mdat"),
        struct.pack(">I4sQ", 1, b"mdat", 8),
        box(b"stsd", b"abc") + b"x",
    ],
)
def test_sizes_that_can_not_be_are_refused(data: bytes) -> None:
    with pytest.raises(MalformedBoxes, match="No whole box at byte"):
        paths(data)


def test_the_place_of_the_damage_is_named() -> None:
    with pytest.raises(MalformedBoxes, match="No whole box at byte 8 of moov"):
        paths(box(b"moov", box(b"mvhd") + b"\0\0\0\x63trak"))
