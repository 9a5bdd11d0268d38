from __future__ import annotations

import base64
import io
import json
import os
import subprocess
import sys
import zipfile
from io import StringIO
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.test import override_settings

from arena.canonical import canonical_bytes
from arena.signing import public_key, sign
from arena.standings.snapshots.making import make_snapshot
from arena.standings.snapshots.manifest import BadSnapshot, write_manifest
from arena.standings.snapshots.package import BadPackage, write_folder, write_zip
from arena.standings.snapshots.verifying import verify_snapshot
from arena.standings.snapshots.votes import LATER
from arena.voting.models import Study

pytestmark = pytest.mark.django_db
Files = dict[str, bytes]
TABLE = "tables/t2v-audio/leaderboard.csv"


@pytest.fixture
def files(rated_study: Study, tmp_path: Path) -> Files:
    """Return the files of a snapshot, by name."""
    folder = tmp_path / "made"
    make_snapshot(rated_study, folder)
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def _refusal(files: Files, folder: Path, key: str = "") -> str:
    write_folder(files, folder)
    with pytest.raises(BadSnapshot) as caught:
        verify_snapshot(folder, key)
    return str(caught.value)


def _flipped(content: bytes) -> bytes:
    """Turn the first vote round."""
    table = pq.read_table(io.BytesIO(content))
    outcomes = table.column("outcome").to_pylist()
    outcomes[0] = {"a": "b"}.get(outcomes[0], "a")
    place = table.column_names.index("outcome")
    out = io.BytesIO()
    pq.write_table(table.set_column(place, "outcome", pa.array(outcomes)), out, compression="zstd")
    return out.getvalue()


def _signed_again(files: Files) -> Files:
    """List and sign changed files, as a dishonest site could."""
    about = json.loads(files["manifest.json"]) | {"site_key": public_key()}
    listed = {name: content for name, content in files.items() if not name.startswith("manifest.")}
    manifest = write_manifest({name: about[name] for name in about if name != "files"}, listed)
    return {**listed, "manifest.json": manifest, "manifest.sig": sign(manifest).encode()}


def test_a_tampered_snapshot_is_refused_by_the_name_of_what_differs(files: Files, tmp_path: Path) -> None:
    flipped = {**files, "votes.parquet": _flipped(files["votes.parquet"])}
    assert _refusal(flipped, tmp_path / "vote").startswith("votes.parquet was changed")
    changed = {**files, TABLE: files[TABLE].replace(b"1", b"2", 1)}
    assert _refusal(changed, tmp_path / "table").startswith(f"{TABLE} was changed")
    missing = {name: files[name] for name in files if name != "rules.json"}
    assert _refusal(missing, tmp_path / "missing").startswith("rules.json is missing")
    extra = {**files, "tables/extra.csv": b""}
    assert _refusal(extra, tmp_path / "extra").startswith(
        "tables/extra.csv is in the snapshot, and the manifest"
    )
    unsigned = {name: files[name] for name in files if name != "manifest.sig"}
    assert _refusal(unsigned, tmp_path / "unsigned").startswith("manifest.sig is missing")
    votes = json.loads(files["manifest.json"])["votes"]
    edited = files["manifest.json"].replace(f'"votes":{votes}'.encode(), f'"votes":{votes + 1}'.encode())
    assert edited != files["manifest.json"]
    assert _refusal({**files, "manifest.json": edited}, tmp_path / "edited").startswith(
        "manifest.json was changed after it was signed"
    )


def test_what_a_site_signs_must_follow_from_its_votes(files: Files, tmp_path: Path) -> None:
    flipped = _signed_again({**files, "votes.parquet": _flipped(files["votes.parquet"])})
    assert "differs from its replay at line" in _refusal(flipped, tmp_path / "vote", public_key())
    table = files[TABLE].decode().splitlines()
    first = table[1].split(",")
    first[5] = f"{float(first[5]) + 0.0001:.4f}"
    changed = _signed_again({**files, TABLE: "\n".join([table[0], ",".join(first), *table[2:], ""]).encode()})
    told = _refusal(changed, tmp_path / "table", public_key())
    assert told.startswith(f"{TABLE} differs from its replay at line 2: ")
    dropped = _signed_again({name: files[name] for name in files if name != TABLE})
    assert _refusal(dropped, tmp_path / "dropped").startswith(f"{TABLE} is only in the replay")
    emptied = _signed_again({**files, "votes.parquet": b"nothing"})
    assert _refusal(emptied, tmp_path / "emptied").startswith("votes.parquet must be a Parquet file")
    odd = _signed_again({**files, "fit.json": b'{"tracks": {"t2v-audio": 1}}'})
    assert _refusal(odd, tmp_path / "odd").startswith("fit.json must have ties, both_bad, effects")


def test_a_foreign_key_is_refused(files: Files, tmp_path: Path) -> None:
    key = public_key()
    with override_settings(DATA_DIR=tmp_path / "attacker"):
        foreign = _signed_again(files)
        assert public_key() != key
    told = _refusal(foreign, tmp_path / "foreign", key)
    assert told.startswith("The snapshot is signed by a foreign key, ")
    assert key in told


@pytest.mark.parametrize(
    "manifest",
    [
        b"",
        b"{}",
        b"[" * 100_000,
        b'{"format": "paddock-snapshot"}',
        b'{"files":{"a":1},"format":"paddock-snapshot","site_key":"","version":1}',
        b'{"files":{},"format":"paddock-snapshot","site_key":"AA==","version":1}',
        b'{"files":{},"format":"paddock-snapshot","site_key":"AA==","version":2}',
        base64.b64decode("/w=="),
    ],
)
def test_a_malformed_manifest_is_refused(manifest: bytes, tmp_path: Path) -> None:
    _refusal({"manifest.json": manifest, "manifest.sig": b"\xff"}, tmp_path / "odd")


def _zip(path: Path, *members: zipfile.ZipInfo | str, content: bytes = b"x", form: int = 0) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for member in members:
            archive.writestr(member, content, form)
    return path


@pytest.mark.parametrize(
    "name", ["../outside", "/etc/passwd", "a/../../b", "a\\b", "C:x", "a//b", "./a", "a/"]
)
def test_a_name_that_leads_outside_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(BadPackage, match="Nothing was read"):
        verify_snapshot(_zip(tmp_path / "hostile.zip", name))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_links_doubled_names_and_other_forms_are_refused(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("manifest.json")
    link.external_attr = 0o120777 << 16
    with pytest.raises(BadPackage, match=r"manifest\.json must be a plain file"):
        verify_snapshot(_zip(tmp_path / "link.zip", link))
    with pytest.raises(BadPackage, match="Nothing was read"):
        verify_snapshot(_zip(tmp_path / "twice.zip", "a", "a"))
    packed = _zip(tmp_path / "lzma.zip", "manifest.json", form=zipfile.ZIP_LZMA)
    with pytest.raises(BadPackage, match="must be stored or deflated"):
        verify_snapshot(packed)
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "manifest.json").symlink_to("/etc/passwd")
    with pytest.raises(BadPackage, match="must be a plain file"):
        verify_snapshot(tmp_path / "folder")


def test_a_bomb_is_refused_before_it_grows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("manifest.json", "manifest.sig")
    bomb = _zip(tmp_path / "bomb.zip", *names, content=bytes(32 * 2**20), form=zipfile.ZIP_DEFLATED)
    with pytest.raises(BadSnapshot, match=r"manifest\.json must be at most 16 MiB; got 33,554,432 bytes"):
        verify_snapshot(bomb)
    monkeypatch.setattr("arena.standings.snapshots.package.MOST_BYTES", 2**20)
    with pytest.raises(BadPackage, match="A snapshot must have at most"):
        verify_snapshot(bomb)


def test_what_is_no_snapshot_is_named(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"There is no snapshot at .*nowhere"):
        call_command("verify_snapshot", str(tmp_path / "nowhere"))
    (tmp_path / "text.zip").write_text("hello")
    with pytest.raises(CommandError, match="must be a folder or a zip file"):
        call_command("verify_snapshot", str(tmp_path / "text.zip"))


def test_a_cut_archive_is_refused(files: Files, tmp_path: Path) -> None:
    write_zip(files, tmp_path / "whole.zip")
    content = bytearray((tmp_path / "whole.zip").read_bytes())
    with zipfile.ZipFile(tmp_path / "whole.zip") as archive:
        place = archive.getinfo("manifest.json").header_offset + 60
    content[place : place + 20] = bytes(20)
    (tmp_path / "broken.zip").write_bytes(content)
    with pytest.raises((BadPackage, BadSnapshot), match=r"manifest\.json"):
        verify_snapshot(tmp_path / "broken.zip")


@pytest.mark.slow
def test_another_process_verifies_without_any_database(files: Files, tmp_path: Path) -> None:
    write_zip(files, tmp_path / "snapshot.zip")
    key = StringIO()
    call_command("signing_key", stdout=key)
    elsewhere = tmp_path / "elsewhere"
    environment = {
        **os.environ,
        "DATA_DIR": str(elsewhere),
        "DATABASE_URL": "postgres://nobody@127.0.0.1:1/none",
    }
    command = [sys.executable, "manage.py", "verify_snapshot", str(tmp_path / "snapshot.zip")]
    command += ["--key", key.getvalue().strip()]
    done = subprocess.run(
        command, cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "Identical: " in done.stdout
    assert "to the last printed digit" in done.stdout
    assert "the key that you gave" in done.stdout
    assert list(elsewhere.iterdir()) == []


def test_a_snapshot_of_the_first_version_is_verified(files: Files, tmp_path: Path) -> None:
    """It has no features of clips, neither in its votes nor in its fit."""
    table = pq.read_table(io.BytesIO(files["votes.parquet"]))
    out = io.BytesIO()
    pq.write_table(table.drop_columns(list(LATER)), out, compression="zstd")
    fits = json.loads(files["fit.json"])
    for fit in fits["tracks"].values():
        del fit["covariates"]
    first = _signed_again({**files, "votes.parquet": out.getvalue(), "fit.json": json.dumps(fits).encode()})
    manifest = canonical_bytes({**json.loads(first["manifest.json"]), "version": 1})
    write_folder(
        {**first, "manifest.json": manifest, "manifest.sig": sign(manifest).encode()}, tmp_path / "first"
    )
    assert verify_snapshot(tmp_path / "first").tables == 2
