from __future__ import annotations

import codecs
from pathlib import Path

import pytest

from elo.votes.encodings import FALLBACK, HEAD, Encoding, by_mark, encoding_of

TEXT = "contender_a,contender_b,outcome\nZoë,y,a\n"


def written(folder: Path, content: bytes) -> Path:
    path = folder / "votes.csv"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("mark", "encoding", "name"),
    [
        (codecs.BOM_UTF8, "utf-8", "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16-le", "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16-be", "utf-16"),
        (codecs.BOM_UTF32_LE, "utf-32-le", "utf-32"),
        (codecs.BOM_UTF32_BE, "utf-32-be", "utf-32"),
    ],
)
def test_a_mark_tells_the_encoding(mark: bytes, encoding: str, name: str, tmp_path: Path) -> None:
    path = written(tmp_path, mark + TEXT.encode(encoding))
    assert by_mark(path, path) == name
    assert path.read_text(encoding=name) == TEXT


@pytest.mark.parametrize("name", ["utf-16-le", "utf-16-be"])
def test_zeros_at_every_other_place_tell_utf_16_without_a_mark(name: str, tmp_path: Path) -> None:
    path = written(tmp_path, TEXT.encode(name))
    assert encoding_of(path, path) == Encoding(name)


def test_text_without_a_mark_is_utf_8(tmp_path: Path) -> None:
    path = written(tmp_path, TEXT.encode())
    assert encoding_of(path, path) == Encoding("utf-8")


def test_text_that_is_not_utf_8_is_windows_1252_and_that_is_noted(tmp_path: Path) -> None:
    path = written(tmp_path, TEXT.encode(FALLBACK))
    encoding = encoding_of(path, tmp_path / "shown.csv")
    assert encoding.name == FALLBACK
    assert encoding.notes == ("shown.csv is not UTF-8 and was read as Windows-1252.",)
    assert path.read_text(encoding=encoding.name, errors=encoding.errors) == TEXT


def test_a_byte_far_behind_the_head_decides_too(tmp_path: Path) -> None:
    path = written(tmp_path, b"x" * (1 << 20) + b"\xeb")
    assert encoding_of(path, path).name == FALLBACK


def test_a_character_cut_at_the_end_is_not_utf_8(tmp_path: Path) -> None:
    path = written(tmp_path, "Zoë".encode()[:-1])
    assert encoding_of(path, path).name == FALLBACK


@pytest.mark.parametrize("content", [b"\0\0\0\0", b"a\0\0b" * HEAD, bytes(range(256)) * 20])
def test_bytes_that_are_no_text_are_refused(content: bytes, tmp_path: Path) -> None:
    path = written(tmp_path, content)
    with pytest.raises(ValueError, match=r"shown\.bin is no table of votes: it is neither text nor Parquet"):
        by_mark(path, Path("shown.bin"))


def test_only_the_guess_replaces_what_it_cannot_read() -> None:
    assert Encoding(FALLBACK).errors == "replace"
    assert Encoding("utf-8").errors == "strict"
