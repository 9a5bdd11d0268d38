from __future__ import annotations

import json
import os
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

import pytest

import generators.tables
from generators.base import Unavailable, file_sha256
from generators.choices import SettingsError
from generators.folder import Folder
from generators.manifest import ManifestError
from generators.registry import create
from generators.tables import Row as TableRow
from tests.factories_generators import make_request

HEADER = "contender,prompt_id,seed,file"
Form = Literal["NFC", "NFD"]


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    """Make a folder with two clips beside an unrelated file."""
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
        (
            "helios,p1,-1,a.mp4",
            "line 3, field 'seed': must be a whole number from 0 to 9007199254740991; got '-1'.",
        ),
        (
            "helios,p1,one,a.mp4",
            "line 3, field 'seed': must be a whole number from 0 to 9007199254740991; got 'one'.",
        ),
        (
            "helios,p1,²,a.mp4",
            "line 3, field 'seed': must be a whole number from 0 to 9007199254740991; got '²'.",
        ),
        (
            "helios,p1,9007199254740992,a.mp4",
            "line 3, field 'seed': must be a whole number from 0 to 9007199254740991; got '900",
        ),
        (
            f"helios,p1,{'9' * 5000},a.mp4",
            "line 3, field 'seed': must be a whole number from 0 to 9007199254740991; got '999",
        ),
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
    said = str(caught.value).replace(f"Can't read the manifest {manifest}: ", f"{manifest}, ")
    assert said.startswith(f"{manifest}, {message.format(root=clips)}")


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


def test_all_rows_of_a_manifest_can_be_read(clips: Path) -> None:
    folder = _folder(_write(clips, "helios,p1,1,a.mp4", "kling,p1,2,a.mp4"))
    assert [(key.contender, key.prompt_id, key.seed) for key in folder.rows] == [
        ("helios", "p1", 1),
        ("kling", "p1", 2),
    ]


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
        (
            {"folder": "clips"},
            "folder has no setting 'folder'. Its settings: clips, contender, manifest, root.",
        ),
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


# Manifests as people write them.


def test_a_contender_without_a_row_is_told_at_once(clips: Path) -> None:
    with pytest.raises(
        ManifestError, match=r"must have a row for contender 'helios'; it has Helios, kling\."
    ):
        _folder(_write(clips, "kling,p1,1,a.mp4", "Helios,p1,1,a.mp4"))


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize("written", ["NFC", "NFD"])
def test_a_name_is_found_in_either_unicode_form(clips: Path, form: Form, written: Form) -> None:
    (clips / unicodedata.normalize(form, "éclair.mp4")).write_bytes(b"clip e")
    folder = _folder(_write(clips, f"helios,p1,1,{unicodedata.normalize(written, 'éclair.mp4')}"))
    found = folder.find_clip("p1", 1)
    assert found is not None
    assert found.read_bytes() == b"clip e"


def test_windows_slashes_are_read(clips: Path) -> None:
    assert _folder(_write(clips, "helios,p1,1,sub\\b.WebM")).find_clip("p1", 1) == clips / "sub" / "b.WebM"


@pytest.mark.parametrize("name", ["..\\secret.mp4", "sub/../../secret.mp4", "..", "/etc/passwd", "up/passwd"])
def test_no_spelling_leads_outside(clips: Path, name: str) -> None:
    os.symlink("/etc", clips / "up")
    with pytest.raises(ManifestError, match="is outside"):
        _folder(_write(clips, f"helios,p1,1,{name}"))


@pytest.mark.parametrize(
    "text",
    [
        "contender;prompt_id;seed;file\nhelios;p1;1;a.mp4\n",
        "sep=;\r\ncontender;prompt_id;seed;file\r\nhelios;p1;1;a.mp4\r\n",
        "contender\tprompt_id\tseed\tfile\nhelios\tp1\t1\ta.mp4\n",
        "\n\nContender, Prompt_ID, Seed, File\nhelios, p1, 1, a.mp4\n\n,,,\n",
        "contender,prompt_id,seed,file,,\nhelios,p1,1,a.mp4,,\n,,,,,\n",
    ],
)
def test_spreadsheets_spellings_are_read(clips: Path, text: str) -> None:
    (clips / "manifest.csv").write_bytes(text.encode())
    assert _folder(clips / "manifest.csv").find_clip("p1", 1) == clips / "a.mp4"


def test_lines_are_counted_below_a_separators_line(clips: Path) -> None:
    (clips / "manifest.csv").write_text("sep=;\ncontender;prompt_id;seed;file\nhelios;p1;x;a.mp4\n")
    with pytest.raises(ManifestError, match="line 3, field 'seed'"):
        _folder(clips / "manifest.csv")


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1"])
def test_another_encoding_is_named_with_its_line(clips: Path, encoding: str) -> None:
    (clips / "manifest.csv").write_bytes(
        f"{HEADER}\nhelios,p,0,a.mp4\nhelios,café,0,a.mp4\n".encode(encoding)
    )
    with pytest.raises(ManifestError, match=r"line 3 must be UTF-8\. Save the file as CSV UTF-8\."):
        _folder(clips / "manifest.csv")


def test_a_device_is_no_manifest() -> None:
    with pytest.raises(ManifestError, match="must be a regular file"):
        _folder(Path("/dev/zero"))


def test_a_manifest_is_read_once_until_it_changes(clips: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[Path] = []
    read = generators.tables.read_table

    def counted(path: Path, columns: Sequence[str]) -> Iterator[TableRow]:
        reads.append(path)
        return read(path, columns)

    monkeypatch.setattr("generators.manifest.read_table", counted)
    manifest = _write(clips, "helios,p1,1,a.mp4")
    for _ in range(3):
        _folder(manifest)
    assert len(reads) == 1
    _write(clips, "helios,p1,1,a.mp4", "helios,p2,1,sub/b.WebM")
    assert _folder(manifest).find_clip("p2", 1) == clips / "sub" / "b.WebM"
    assert len(reads) == 2


def test_rows_of_unknown_prompts_are_named(clips: Path) -> None:
    folder = _folder(_write(clips, "helios,p1,1,a.mp4", "helios,p99,0,a.mp4", "kling,p98,0,a.mp4"))
    assert folder.unknown_prompts({"p1": None}) == ["p99"]


# A folder without a manifest.


def test_files_named_by_prompt_and_seed_are_taken_in(clips: Path, tmp_path: Path) -> None:
    for name in ("red-ball.mp4", "red-ball-1.mp4", "Blue Cube.mov"):
        (clips / name).write_bytes(name.encode())
    folder = Folder({"clips": str(clips)})
    taken = [folder.find_clip(*asked) for asked in (("red-ball", 0), ("red-ball", 1), ("blue-cube", 0))]
    assert [path and path.name for path in taken] == ["red-ball.mp4", "red-ball-1.mp4", "Blue Cube.mov"]
    assert folder.find_clip("red-ball", 2) is None
    result = folder.generate(make_request(prompt_id="red-ball", seed=1), tmp_path / "out")
    assert result.path.read_bytes() == b"red-ball-1.mp4"
    assert result.provenance.resolved["file"] == "red-ball-1.mp4"
    with pytest.raises(Unavailable, match="has no file for prompt 'red-ball', seed 2"):
        folder.generate(make_request(prompt_id="red-ball", seed=2), tmp_path / "out")


def test_two_files_of_one_prompt_and_seed_are_in_each_others_way(clips: Path) -> None:
    (clips / "a-0.mp4").touch()
    with pytest.raises(
        ManifestError, match=r"must have one file for prompt 'a', seed 0; it has a-0.mp4 and a.mp4"
    ):
        Folder({"clips": str(clips)}).find_clip("a", 0)


@pytest.mark.parametrize("folder", ["gone", "a.mp4", "empty"])
def test_a_folder_without_clips_is_refused(clips: Path, folder: str) -> None:
    (clips / "empty").mkdir()
    with pytest.raises(ManifestError, match=r"must (be a folder|hold clips)"):
        Folder({"clips": str(clips / folder)})
