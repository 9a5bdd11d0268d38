from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from generators.base import Unavailable, file_sha256
from generators.folder import Folder, ManifestError
from generators.registry import create
from generators.settings import SettingsError
from tests.factories_generators import make_request

HEADER = "contender,prompt_id,seed,file"


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    """A folder with two clips, next to a file that is none of its business."""
    folder = tmp_path / "clips"
    (folder / "sub").mkdir(parents=True)
    (folder / "a.mp4").write_bytes(b"clip a")
    (folder / "sub" / "b.WebM").write_bytes(b"clip b")
    (folder / "notes.txt").write_text("no clip")
    (tmp_path / "secret.mp4").write_bytes(b"secret")
    return folder


def _write(clips: Path, *rows: str, header: str = HEADER) -> Path:
    manifest = clips / "manifest.csv"
    manifest.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return manifest


def _folder(manifest: Path, contender: str = "helios") -> Folder:
    return Folder({"manifest": str(manifest), "contender": contender})


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("helios,p1,1,../secret.mp4", "line 3, field 'file': '../secret.mp4' is outside {root}."),
        ("helios,p1,1,/etc/passwd", "line 3, field 'file': '/etc/passwd' is outside {root}."),
        ("helios,p1,1,link.mp4", "line 3, field 'file': 'link.mp4' is outside {root}."),
        ("helios,p1,1,notes.txt", "line 3, field 'file': 'notes.txt' must end in one of .mp4, .webm,"),
        ("helios,p1,1,gone.mp4", "line 3, field 'file': 'gone.mp4' is no file in {root}."),
        ("helios,p1,1,", "line 3, field 'file': '' must end in one of"),
        ("helios,p1,-1,a.mp4", "line 3, field 'seed': '-1' must be a whole number from 0 on."),
        ("helios,p1,one,a.mp4", "line 3, field 'seed': 'one' must be a whole number from 0 on."),
        ("helios,p1,²,a.mp4", "line 3, field 'seed': '²' must be a whole number from 0 on."),
        (",p1,1,a.mp4", "line 3, field 'contender': must not be empty."),
        ("helios, ,1,a.mp4", "line 3, field 'prompt_id': must not be empty."),
        ("helios,p1,1", "line 3: must have 4 fields: contender, prompt_id, seed, file."),
        ("helios,p1,1,a.mp4,more", "line 3: must have 4 fields: contender, prompt_id, seed, file."),
        (
            "helios,p0,1,sub/b.WebM",
            "line 3: contender 'helios', prompt 'p0', seed 1 is already on line 2. Keep one of them.",
        ),
    ],
)
def test_a_wrong_row_is_named_by_line_and_field(clips: Path, row: str, message: str) -> None:
    os.symlink(clips.parent / "secret.mp4", clips / "link.mp4")
    manifest = _write(clips, "helios,p0,1,a.mp4", row)
    with pytest.raises(ManifestError) as caught:
        _folder(manifest)
    assert str(caught.value).startswith(f"{manifest}, {message.format(root=clips)}")


@pytest.mark.parametrize("header", ["", "contender,prompt,seed,file", f"{HEADER},file"])
def test_wrong_columns_are_refused_with_the_right_ones(clips: Path, header: str) -> None:
    with pytest.raises(ManifestError, match=r"line 1: columns must be contender, prompt_id, seed, file; got"):
        _folder(_write(clips, header=header))


def test_a_missing_manifest_is_named(clips: Path) -> None:
    with pytest.raises(ManifestError, match=r"Can't read the manifest .*gone\.csv"):
        _folder(clips / "gone.csv")


def test_a_manifest_that_is_no_text_is_refused(clips: Path) -> None:
    (clips / "manifest.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ManifestError, match="Can't read the manifest"):
        _folder(clips / "manifest.csv")


def test_a_request_without_a_row_is_unavailable(clips: Path, tmp_path: Path) -> None:
    manifest = _write(clips, "helios,p1,1,a.mp4", "kling,p1,2,a.mp4")
    with pytest.raises(Unavailable) as caught:
        _folder(manifest).generate(make_request(seed=2), tmp_path / "out")
    assert str(caught.value).startswith(
        f"{manifest} has no row for contender 'helios', prompt 'p1', seed 2. Add one"
    )
    assert not (tmp_path / "out").exists()


def test_a_file_that_vanished_is_unavailable(clips: Path, tmp_path: Path) -> None:
    folder = _folder(_write(clips, "helios,p1,1,a.mp4"))
    (clips / "a.mp4").unlink()
    with pytest.raises(Unavailable, match=r"a\.mp4 was there when .* was read, and is gone"):
        folder.generate(make_request(), tmp_path / "out")
    assert not list((tmp_path / "out").iterdir())


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"contender": "helios"}, "folder: 'manifest' must be a non-empty text; got None."),
        ({"manifest": "m.csv", "contender": ""}, "folder: 'contender' must be a non-empty text; got ''."),
        ({"folder": "clips"}, "folder has no setting 'folder'. Its settings: contender, manifest, root."),
    ],
)
def test_wrong_settings_are_named(settings: dict[str, object], message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        create("folder", settings)
    assert str(caught.value) == message


def test_a_clip_is_taken_in_untouched(clips: Path, tmp_path: Path) -> None:
    manifest = _write(clips, "helios,p1,1,a.mp4", "helios,p1,2,sub/b.WebM", "kling,p1,1,sub/b.WebM")
    result = _folder(manifest).generate(make_request(seed=2), tmp_path / "out")
    assert result.path.parent == tmp_path / "out"
    assert result.path.suffix == ".webm"
    assert result.path.read_bytes() == b"clip b"
    assert [path.name for path in (tmp_path / "out").iterdir()] == [result.path.name]


def test_each_contender_gets_its_own_clip(clips: Path, tmp_path: Path) -> None:
    manifest = _write(clips, "helios,p1,1,a.mp4", "kling,p1,1,sub/b.WebM")
    taken = [_folder(manifest, who).generate(make_request(), tmp_path / "out") for who in ("helios", "kling")]
    assert [result.path.read_bytes() for result in taken] == [b"clip a", b"clip b"]


def test_files_may_lie_in_another_root(clips: Path, tmp_path: Path) -> None:
    manifest = tmp_path / "manifest.csv"
    manifest.write_text(f"{HEADER}\nhelios,p1,1,a.mp4\n")
    folder = Folder({"manifest": str(manifest), "contender": "helios", "root": str(clips)})
    assert folder.generate(make_request(), tmp_path / "out").path.read_bytes() == b"clip a"


def test_a_spreadsheet_may_have_written_the_manifest(clips: Path, tmp_path: Path) -> None:
    manifest = clips / "manifest.csv"
    manifest.write_bytes(b'\xef\xbb\xbffile,seed,prompt_id,contender\r\n"a.mp4",1,"p1",helios\r\n')
    assert _folder(manifest).generate(make_request(), tmp_path).path.read_bytes() == b"clip a"


def test_provenance_names_the_row(clips: Path, tmp_path: Path) -> None:
    manifest = _write(clips, "helios,p1,1,sub/b.WebM")
    result = _folder(manifest).generate(make_request(), tmp_path / "out")
    read = json.loads(json.dumps(result.provenance.as_dict()))
    assert (read["resolved"]["file"], read["resolved"]["manifest_line"]) == ("sub/b.WebM", 2)
    assert read["sha256"] == file_sha256(clips / "sub" / "b.WebM")
    assert read["cost_usd"] is None
