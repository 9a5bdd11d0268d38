from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from elo.votes import unpacking
from elo.votes.unpacking import MOST_LAYERS, plain_file

CONTENT = b"contender_a,contender_b,outcome\nx,y,a\n"


def zipped(*names: str, content: bytes = CONTENT) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name in names:
            archive.writestr(name, content)
    return target.getvalue()


def zstandard(content: bytes) -> bytes:
    packed: bytes = pa.compress(content, codec="zstd", asbytes=True)
    return packed


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zst": zstandard,
    "zip": lambda content: zipped("votes.csv", content=content),
}


def held(path: Path) -> bytes:
    with plain_file(path) as plain:
        return plain.read_bytes()


def written(folder: Path, content: bytes, name: str = "votes.data") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("kind", PACKERS)
def test_packed_files_are_unpacked_whatever_their_name(kind: str, tmp_path: Path) -> None:
    assert held(written(tmp_path, PACKERS[kind](CONTENT))) == CONTENT


def test_a_plain_file_is_given_as_it_is(tmp_path: Path) -> None:
    path = written(tmp_path, CONTENT)
    with plain_file(path) as plain:
        assert plain == path


@pytest.mark.parametrize("kind", PACKERS)
def test_layers_are_unpacked_up_to_a_limit(kind: str, tmp_path: Path) -> None:
    content = CONTENT
    for _ in range(MOST_LAYERS):
        content = PACKERS[kind](content)
    assert held(written(tmp_path, content)) == CONTENT
    with pytest.raises(ValueError, match=f"is packed {MOST_LAYERS} times and more. Unpack it first"):
        held(written(tmp_path, PACKERS[kind](content)))


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    with plain_file(written(tmp_path, gzip.compress(CONTENT))) as plain:
        assert plain.exists()
    assert not plain.parent.exists()


@pytest.mark.parametrize("clutter", ["__MACOSX/votes.csv", ".DS_Store", "folder/", "folder/._votes.csv"])
def test_what_file_managers_leave_in_a_zip_is_passed_over(clutter: str, tmp_path: Path) -> None:
    assert held(written(tmp_path, zipped(clutter, "folder/votes.csv"))) == CONTENT


@pytest.mark.parametrize(
    ("names", "said"), [((), "it holds 0: none"), (("a.csv", "b.csv"), r"it holds 2: a\.csv, b\.csv")]
)
def test_a_zip_holds_one_file_of_votes(names: tuple[str, ...], said: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=f"must hold one file of votes; {said}. Unpack it first"):
        held(written(tmp_path, zipped(*names)))


@pytest.mark.parametrize("member", ["[Content_Types].xml", "mimetype"])
def test_a_spreadsheet_is_told_from_other_zips(member: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"is a spreadsheet \(\.xlsx or \.ods\)\. Save the sheet as CSV"):
        held(written(tmp_path, zipped(member, "content.xml")))


@pytest.mark.parametrize(
    ("start", "kind"),
    [
        (b"\xd0\xcf\x11\xe0", "an Excel workbook"),
        (b"%PDF-1.7", "a PDF"),
        (b"7z\xbc\xaf", "a 7z archive"),
        (b"Rar!", "a RAR archive"),
        (b"SQLite format 3\0", "an SQLite database"),
    ],
)
def test_files_of_other_kinds_are_named(start: bytes, kind: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=f"is {kind}"):
        held(written(tmp_path, start + CONTENT))


def test_a_tar_is_refused_packed_or_not(tmp_path: Path) -> None:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as archive:
        archive.add(written(tmp_path, CONTENT))
    for content in (target.getvalue(), gzip.compress(target.getvalue())):
        with pytest.raises(ValueError, match="is a tar archive"):
            held(written(tmp_path, content, "votes.tar"))


@pytest.mark.parametrize("kind", PACKERS)
def test_a_damaged_file_is_named(kind: str, tmp_path: Path) -> None:
    packed = PACKERS[kind](CONTENT * 50)
    path = written(tmp_path, packed[: len(packed) // 2], f"votes.{kind}")
    with pytest.raises(ValueError, match=rf"votes\.{kind} is damaged and cannot be unpacked"):
        held(path)


@pytest.mark.parametrize("kind", PACKERS)
def test_more_than_the_limit_is_not_unpacked(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unpacking, "MOST_BYTES", len(CONTENT) - 1)
    with pytest.raises(ValueError, match=r"must hold at most .* MiB; it holds more\. Unpack it first"):
        held(written(tmp_path, PACKERS[kind](CONTENT)))


def test_a_file_that_is_not_there_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        held(tmp_path / "votes.csv")
