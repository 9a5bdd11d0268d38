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
from tests.factories import make_study, store_bytes
from tests.factories_serving import manage
from tests.factories_voting import cast, unprotect
from tests.servers.postgres import Postgres

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def study() -> Study:
    made = make_study(contenders=3, prompts=2)
    for clip in Clip.objects.all():
        kept = store_bytes(f"original {clip.pk}".encode(), "originals", "mp4")
        Clip.objects.filter(pk=clip.pk).update(name=kept.name, sha256=kept.sha256, size_bytes=kept.size_bytes)
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


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """Folder for backups, beside the site's own files."""
    (tmp_path / "kept").mkdir()
    return tmp_path / "kept"


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


@pytest.mark.slow
def test_a_backup_holds_the_database_and_every_file_that_rows_name(study: Study, kept: Path) -> None:
    said = _back_up(kept / "backup")
    assert "Study study: 2 entries, unbroken" in said
    with closing(sqlite3.connect(kept / "backup" / "paddock.sqlite3")) as database:
        assert database.execute("SELECT count(*) FROM voting_vote").fetchall() == [(2,)]
    manifest = json.loads((kept / "backup" / "manifest.json").read_text())
    names = {("originals", clip.name) for clip in Clip.objects.all()}
    names |= {("renditions", rendition.name) for rendition in Rendition.objects.all()}
    assert {(storage, name) for storage, name, _ in manifest["files"]} >= names
    assert manifest["missing"] == []
    assert (kept / "backup").stat().st_mode & 0o077 == 0
    assert [path.name for path in kept.iterdir()] == ["backup"]


def test_a_path_that_exists_is_refused(study: Study, kept: Path) -> None:
    with pytest.raises(CommandError, match="PATH must be a new folder; got one that exists"):
        _back_up(kept)


@pytest.mark.slow
def test_a_broken_ledger_is_not_backed_up(study: Study, kept: Path) -> None:
    unprotect("voting_ledgerentry")
    LedgerEntry.objects.filter(sequence=1).update(payload="{}")
    with pytest.raises(CommandError, match="entry 1"):
        _back_up(kept / "backup")
    assert list(kept.iterdir()) == []


@pytest.mark.slow
def test_a_missing_file_is_named_and_the_rest_backed_up(study: Study, kept: Path) -> None:
    clip = Clip.objects.order_by("pk")[0]
    storages["originals"].delete(clip.name)
    assert f"not in the backup: originals/{clip.name}" in _back_up(kept / "backup")


@pytest.mark.slow
def test_a_backup_is_restored_into_an_empty_site_alone(study: Study, kept: Path) -> None:
    _back_up(kept / "backup")
    site = kept / "site"
    done = manage(site, "restore", str(kept / "backup"))
    assert done.returncode == 0, done.stderr
    assert "Study study: 2 entries, unbroken" in done.stdout
    assert _head() in manage(site, "verify_ledger", "study").stdout
    manifest = json.loads((kept / "backup" / "manifest.json").read_text())
    assert _restored_files(site) == {f"{storage}/{name}" for storage, name, _ in manifest["files"]}
    again = manage(site, "restore", str(kept / "backup"))
    assert again.returncode == 1
    assert "DATABASE_URL must name an empty database" in again.stderr


@pytest.mark.slow
def test_a_changed_backup_is_refused_and_the_site_stays_empty(study: Study, kept: Path) -> None:
    _back_up(kept / "backup")
    *_, last = sorted((kept / "backup" / "media" / "renditions").rglob("*.mp4"))
    last.write_bytes(b"another clip")
    site = kept / "site"
    refused = manage(site, "restore", str(kept / "backup"))
    assert refused.returncode == 1
    assert "is missing or changed" in refused.stderr
    assert _restored_files(site) == set()


@pytest.mark.slow
def test_a_backup_of_sqlite_goes_to_postgresql_and_back(study: Study, kept: Path, postgres: Postgres) -> None:
    _back_up(kept / "first")
    there, back = kept / "there", kept / "back"
    done = manage(there, "restore", str(kept / "first"), DATABASE_URL=postgres.url)
    assert done.returncode == 0, done.stderr
    made = manage(there, "backup", str(kept / "second"), DATABASE_URL=postgres.url)
    assert made.returncode == 0, made.stderr
    done = manage(back, "restore", str(kept / "second"))
    assert done.returncode == 0, done.stderr
    assert _head() in manage(back, "verify_ledger", "study").stdout
