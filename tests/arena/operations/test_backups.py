from __future__ import annotations

import json
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from io import StringIO
from pathlib import Path

import pytest
from django.core.files.storage import storages
from django.core.management import CommandError, call_command

from arena.runs.models import Clip, Rendition
from arena.voting.models import LedgerEntry, Study
from tests.factories import make_study
from tests.factories_serving import manage
from tests.factories_voting import cast, unprotect
from tests.servers.postgres import Postgres

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def study() -> Study:
    made = make_study(contenders=3, prompts=2)
    cast(made, "a")
    cast(made, "tie", prompt=1, sides=(2, 0))
    return made


@pytest.fixture
def postgres() -> Iterator[Postgres]:
    with tempfile.TemporaryDirectory() as made:
        Path(made).chmod(0o755)
        (Path(made) / "database").mkdir()
        server = Postgres(Path(made) / "database")
        try:
            server.start()
            yield server
        finally:
            server.close()


def _back_up(path: Path) -> str:
    out = StringIO()
    call_command("backup", str(path), stdout=out, stderr=out)
    return out.getvalue()


def _head() -> str:
    head = LedgerEntry.objects.order_by("sequence").last()
    assert head is not None
    return head.entry_hash


def _restored_files(site: Path) -> set[str]:
    return {str(path.relative_to(site / "media")) for path in (site / "media").rglob("*") if path.is_file()}


def test_a_backup_holds_the_database_and_every_file_that_rows_name(study: Study, tmp_path: Path) -> None:
    said = _back_up(tmp_path / "backup")
    assert "Study study: 2 entries, unbroken" in said
    with closing(sqlite3.connect(tmp_path / "backup" / "paddock.sqlite3")) as database:
        assert database.execute("SELECT count(*) FROM voting_vote").fetchall() == [(2,)]
    manifest = json.loads((tmp_path / "backup" / "manifest.json").read_text())
    names = {("originals", clip.name) for clip in Clip.objects.all()}
    names |= {("renditions", rendition.name) for rendition in Rendition.objects.all()}
    assert {(storage, name) for storage, name, _ in manifest["files"]} >= names
    assert manifest["missing"] == []
    assert (tmp_path / "backup").stat().st_mode & 0o077 == 0
    assert [path.name for path in tmp_path.iterdir()] == ["backup"]


def test_a_path_that_exists_is_refused(study: Study, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="PATH must be a new folder; got one that exists"):
        _back_up(tmp_path)


def test_a_broken_ledger_is_not_backed_up(study: Study, tmp_path: Path) -> None:
    unprotect("voting_ledgerentry")
    LedgerEntry.objects.filter(sequence=1).update(payload="{}")
    with pytest.raises(CommandError, match="entry 1"):
        _back_up(tmp_path / "backup")
    assert list(tmp_path.iterdir()) == []


def test_a_missing_file_is_named_and_the_rest_backed_up(study: Study, tmp_path: Path) -> None:
    clip = Clip.objects.order_by("pk")[0]
    storages["originals"].delete(clip.name)
    assert f"not in the backup: originals/{clip.name}" in _back_up(tmp_path / "backup")


@pytest.mark.slow
def test_a_backup_is_restored_into_an_empty_site_alone(study: Study, tmp_path: Path) -> None:
    _back_up(tmp_path / "backup")
    site = tmp_path / "site"
    done = manage(site, "restore", str(tmp_path / "backup"))
    assert done.returncode == 0, done.stderr
    assert "Study study: 2 entries, unbroken" in done.stdout
    assert _head() in manage(site, "verify_ledger", "study").stdout
    manifest = json.loads((tmp_path / "backup" / "manifest.json").read_text())
    assert _restored_files(site) == {f"{storage}/{name}" for storage, name, _ in manifest["files"]}
    again = manage(site, "restore", str(tmp_path / "backup"))
    assert again.returncode == 1
    assert "DATABASE_URL must name an empty database" in again.stderr


@pytest.mark.slow
def test_a_changed_backup_is_refused_and_the_site_stays_empty(study: Study, tmp_path: Path) -> None:
    _back_up(tmp_path / "backup")
    *_, last = sorted((tmp_path / "backup" / "media" / "renditions").rglob("*.mp4"))
    last.write_bytes(b"another clip")
    site = tmp_path / "site"
    refused = manage(site, "restore", str(tmp_path / "backup"))
    assert refused.returncode == 1
    assert "is missing or changed" in refused.stderr
    assert _restored_files(site) == set()


@pytest.mark.slow
def test_a_backup_of_sqlite_goes_to_postgresql_and_back(
    study: Study, tmp_path: Path, postgres: Postgres
) -> None:
    _back_up(tmp_path / "first")
    there, back = tmp_path / "there", tmp_path / "back"
    done = manage(there, "restore", str(tmp_path / "first"), DATABASE_URL=postgres.url)
    assert done.returncode == 0, done.stderr
    made = manage(there, "backup", str(tmp_path / "second"), DATABASE_URL=postgres.url)
    assert made.returncode == 0, made.stderr
    done = manage(back, "restore", str(tmp_path / "second"))
    assert done.returncode == 0, done.stderr
    assert _head() in manage(back, "verify_ledger", "study").stdout
