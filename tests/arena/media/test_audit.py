from __future__ import annotations

import struct
from pathlib import Path

import pytest

from arena.media.audit import COMPRESSOR_NAME, Leak, find_leaks
from arena.media.boxes import walk
from arena.media.normalise import normalise
from arena.media.profile import Profile
from tests.factories_media import tone, write_clip


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Return a rendition, to plant leaks in."""
    folder = tmp_path_factory.mktemp("clean")
    source = write_clip(folder / "clip.mp4", sound=tone(1.0))
    normalise(source, folder / "rendition.mp4", Profile("small", 64, 64, 24), with_sound=True)
    return (folder / "rendition.mp4").read_bytes()


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a clip as x264 and ffmpeg write it by default."""
    folder = tmp_path_factory.mktemp("raw")
    return write_clip(folder / "clip.mp4", sound=tone(1.0), tags={"title": "AcmeVideo 3"})


def box(kind: bytes, payload: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(payload), kind) + payload


def patched(content: bytes, path: str, at: int, new: bytes) -> bytes:
    """Return the file with bytes changed inside the first box of a path."""
    copy = bytearray(content)
    first = next(b for b in walk(memoryview(copy)) if b.path == path)
    first.payload[at : at + len(new)] = new
    return bytes(copy)


def test_a_rendition_is_clean_as_a_file_and_as_bytes(clean: bytes, tmp_path: Path) -> None:
    (tmp_path / "rendition.mp4").write_bytes(clean)

    assert find_leaks(clean, ["AcmeVideo", "clip"]) == []
    assert find_leaks(tmp_path / "rendition.mp4") == []


@pytest.mark.parametrize(
    "leak",
    [
        Leak("video", "an SEI message"),
        Leak("moov/trak/mdia/hdlr", "handler name 'VideoHandler'"),
        Leak("moov/trak/mdia/hdlr", "handler name 'SoundHandler'"),
        Leak("moov/udta/meta/ilst/©nam", "a box that playing doesn't need"),
        Leak("moov/udta/meta/ilst/©too", "a box that playing doesn't need"),
        Leak("headers", "the word 'AcmeVideo'"),
        Leak("headers", "the word 'lavf'"),
        Leak("mdat", "an encoder's mark 'x264 - core'"),
    ],
    ids=str,
)
def test_what_encoders_leave_in_a_file_is_found(raw: Path, leak: Leak) -> None:
    assert leak in find_leaks(raw, ["AcmeVideo"])


def test_the_sound_encoders_name_is_found(raw: Path) -> None:
    assert any(leak.what.startswith("an encoder's mark 'Lavc") for leak in find_leaks(raw))


@pytest.mark.parametrize(
    ("path", "at", "new", "what"),
    [
        (
            "moov/trak/mdia/minf/stbl/stsd/avc1",
            COMPRESSOR_NAME.start,
            b"\x04Acme",
            r"compressor name '\x04Acme'",
        ),
        ("moov/trak/mdia/hdlr", 24, b"A", "handler name 'A'"),
        ("moov/mvhd", 4, b"\xe0\0\0\1", "a creation or modification time"),
        ("moov/trak/tkhd", 8, b"\xe0\0\0\1", "a creation or modification time"),
        ("moov/trak/mdia/mdhd", 4, b"\xe0\0\0\1", "a creation or modification time"),
        ("moov/trak/mdia/mdhd", 20, b"\x15\xc7", "a language"),
        ("moov/trak/mdia/minf/stbl/stsd/avc1/colr", 0, b"prof", "a colour profile, which names its maker"),
    ],
)
def test_a_planted_field_is_found(clean: bytes, path: str, at: int, new: bytes, what: str) -> None:
    assert Leak(path, what) in find_leaks(patched(clean, path, at, new))


@pytest.mark.parametrize("kind", [b"uuid", b"skip", b"moof", b"Acme"])
def test_a_box_that_playing_does_not_need_is_found(clean: bytes, kind: bytes) -> None:
    assert find_leaks(clean + box(kind, bytes(16))) == [
        Leak(kind.decode(), "a box that playing doesn't need")
    ]


def test_padding_may_only_be_zeros(clean: bytes) -> None:
    assert find_leaks(clean + box(b"free", bytes(99))) == []
    assert find_leaks(clean + box(b"free", b"\0\1")) == [Leak("free", "padding that isn't zero")]


@pytest.mark.parametrize("unit", [6, 12, 24])
def test_a_unit_that_is_no_picture_is_found(clean: bytes, unit: int) -> None:
    offsets = next(b for b in walk(memoryview(clean)) if b.path == "moov/trak/mdia/minf/stbl/stco").payload
    at = int.from_bytes(offsets[8:12], "big") + 4  # the byte after the first unit's length
    changed = clean[:at] + bytes([unit]) + clean[at + 1 :]

    assert [leak.where for leak in find_leaks(changed)] == ["video"]


def test_bytes_that_no_player_shows_are_found(clean: bytes) -> None:
    assert find_leaks(clean + box(b"mdat", b"smuggled")) == [
        Leak("mdat", "8 bytes that belong to no picture or sound")
    ]


@pytest.mark.parametrize("tail", [b"A", b"smuggled", struct.pack(">I4s", 99, b"free")])
def test_bytes_outside_of_boxes_are_found(clean: bytes, tail: bytes) -> None:
    assert [leak.where for leak in find_leaks(clean + tail)] == ["file"]


def test_forbidden_words_are_found_in_any_case(clean: bytes) -> None:
    planted = clean + box(b"free", b"made by ACME") + box(b"mdat", b"made by acmeVIDEO")

    assert Leak("headers", "the word 'Acme'") in find_leaks(planted, ["Acme"])
    assert Leak("mdat", "the word 'AcmeVideo'") in find_leaks(planted, ["AcmeVideo"])


def words_of_the_format(content: bytes) -> list[str]:
    """Names of boxes and brands in a file, and what they begin with."""
    boxes = list(walk(memoryview(content)))
    brands = bytes(boxes[0].payload).decode().replace("\0\0\2\0", "")
    names = {box.kind for box in boxes} | {brands[at : at + 4] for at in range(0, len(brands), 4)}
    return sorted({name.strip()[:length] for name in names for length in (3, 4)})


def test_contenders_may_be_called_as_boxes_and_brands_are(clean: bytes) -> None:
    words = [*words_of_the_format(clean), "vide", "soun", "mdir", "appl", "nclx", "und", "video", "mp4"]

    assert {"meta", "iso", "url", "free", "mp4", "isom", "avc1"} < set(words)
    assert find_leaks(clean, words) == []


@pytest.mark.parametrize("word", ["meta", "iso", "url", "free", "mp4", "Moov"])
@pytest.mark.parametrize("text", ["{}", "made by {}.", "by-{}-3", "{}2.1", "x_{}_y", "\0{}\0"])
def test_such_a_name_is_still_found_in_text(clean: bytes, word: str, text: str) -> None:
    planted = clean + box(b"free", text.format(word.upper()).encode())

    assert Leak("headers", f"the word '{word}'") in find_leaks(planted, [word])


@pytest.mark.parametrize("word", ["meta", "iso", "url"])
def test_a_tag_of_such_a_name_is_found(tmp_path: Path, word: str) -> None:
    clip = write_clip(tmp_path / "clip.mp4", width=64, height=64, seconds=0.1, tags={"title": f"{word} 3"})

    assert Leak("headers", f"the word '{word}'") in find_leaks(clip, [word])


@pytest.mark.parametrize("text", ["metal", "isometric", "isotope", "curls"])
def test_a_short_name_inside_of_another_word_does_not_count(clean: bytes, text: str) -> None:
    planted = clean + box(b"free", text.encode())

    assert find_leaks(planted, ["meta", "iso", "url"]) == find_leaks(planted)


def test_a_long_name_is_found_inside_of_another_word(clean: bytes) -> None:
    planted = clean + box(b"free", b"acmevideopro")

    assert Leak("headers", "the word 'AcmeVideo'") in find_leaks(planted, ["AcmeVideo"])


def test_numbers_that_spell_a_word_are_no_leak(clean: bytes) -> None:
    table = "moov/trak/mdia/minf/stbl/stts"

    assert find_leaks(patched(clean, table, 8, b"\0ace"), ["ace"]) == []


def test_another_brand_and_handler_are_found(clean: bytes) -> None:
    branded = patched(clean, "ftyp", 8, b"acme")
    handled = patched(clean, "moov/trak/mdia/hdlr", 8, b"acme")

    assert find_leaks(branded, ["acme"]) == [
        Leak("ftyp", "the brand 'acme'"),
        Leak("headers", "the word 'acme'"),
    ]
    assert Leak("moov/trak/mdia/hdlr", "the handler type 'acme'") in find_leaks(handled)


def test_short_words_do_not_count_in_media_data_where_chance_writes_them(clean: bytes) -> None:
    planted = clean + box(b"mdat", b"acme")

    assert find_leaks(planted, ["Acme"]) == find_leaks(planted)


def test_another_codec_is_not_taken_for_clean(tmp_path: Path) -> None:
    leaks = find_leaks(write_clip(tmp_path / "clip.mp4", codecs=("mpeg4", "aac")))

    assert Leak("stream 0", "not H.264 or AAC, so that its contents can't be audited") in leaks


@pytest.mark.parametrize("content", [b"", b"not a film", box(b"ftyp", b"isom\0\0\0\0")])
def test_what_is_no_mp4_is_not_taken_for_clean(content: bytes) -> None:
    assert [leak.where for leak in find_leaks(content)] == ["file"]
