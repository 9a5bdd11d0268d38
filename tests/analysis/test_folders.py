from __future__ import annotations

from pathlib import Path

import pytest

from analysis.folders import require_new, write_folder


def test_files_are_written_by_their_paths(tmp_path: Path) -> None:
    write_folder({"README.md": b"card", "data/votes.parquet": b"votes"}, tmp_path / "out")

    assert (tmp_path / "out/README.md").read_bytes() == b"card"
    assert (tmp_path / "out/data/votes.parquet").read_bytes() == b"votes"


def test_an_empty_folder_is_filled_and_keeps_its_place(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    require_new(tmp_path / "out")

    write_folder({"one": b"1"}, tmp_path / "out")

    assert [file.name for file in (tmp_path / "out").iterdir()] == ["one"]


def test_nothing_is_left_of_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="a/b"):
        write_folder({"one": b"1", "a/b/c": b"too deep"}, tmp_path / "out")

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("make", [Path.touch, lambda path: (path.mkdir(), (path / "old").touch())])
def test_what_is_there_is_named(make: object, tmp_path: Path) -> None:
    assert callable(make)
    make(tmp_path / "out")

    with pytest.raises(ValueError, match=r"--out must be a new or empty folder; got .*out, which is there\."):
        require_new(tmp_path / "out")
