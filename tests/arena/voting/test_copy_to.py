from __future__ import annotations

import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import psycopg
import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import connections

from arena.voting.models import LedgerEntry, Study, Vote
from tests.factories import make_study
from tests.factories_serving import ROOT, environment
from tests.factories_voting import cast, unprotect
from tests.servers.postgres import Postgres

pytestmark = pytest.mark.django_db(transaction=True)


def _copy(url: str) -> str:
    out = StringIO()
    call_command("copy_to", url, stdout=out)
    return out.getvalue()


def _manage(url: str, data: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        env=environment(data, DATABASE_URL=url),
        cwd=ROOT,
        capture_output=True,
        text=True,
    )


def _rows(url: str, query: str) -> list[tuple[object, ...]]:
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as database:
            return database.execute(query).fetchall()
    with psycopg.connect(url) as database:
        return database.execute(query.encode()).fetchall()


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
def study() -> Study:
    made = make_study(contenders=3, prompts=2)
    cast(made, "a", playback={"watched_a_s": 1.25})
    cast(made, "tie", prompt=1, sides=(2, 0))
    return made


def _counts() -> dict[str, int]:
    return {
        model._meta.db_table: model._base_manager.count()
        for model in apps.get_models(include_auto_created=True)
    }


@pytest.mark.slow
def test_a_site_goes_to_postgresql_and_back_with_its_ledger(
    postgres: Postgres, study: Study, tmp_path: Path
) -> None:
    said = _copy(postgres.url)
    assert "Study study: 2 entries, unbroken" in said
    for table, count in _counts().items():
        assert _rows(postgres.url, f'SELECT count(*) FROM "{table}"') == [(count,)], table
    there = _manage(postgres.url, tmp_path, "verify_ledger", "study")
    head = LedgerEntry.objects.order_by("sequence").last()
    assert head is not None
    assert head.entry_hash in there.stdout, there.stderr

    back = f"sqlite:///{tmp_path / 'back.sqlite3'}"
    done = _manage(postgres.url, tmp_path, "copy_to", back)
    assert done.returncode == 0, done.stderr
    again = _manage(back, tmp_path, "verify_ledger", "study")
    assert head.entry_hash in again.stdout, again.stderr
    kept = "SELECT id, ballot_id, outcome, playback, created_at FROM voting_vote ORDER BY id"
    assert len(_rows(back, kept)) == Vote.objects.count()

    # New rows get keys after those copied.
    for url in (postgres.url, back):
        made = _manage(url, tmp_path, "load_suite", "suites/toy-world.yaml")
        assert made.returncode == 0, made.stderr
    with_rows = _manage(back, tmp_path, "copy_to", postgres.url)
    assert with_rows.returncode == 1
    assert "must name an empty database" in with_rows.stderr


@pytest.mark.slow
def test_keys_times_and_contents_stay_the_same(study: Study, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'copy.sqlite3'}"
    _copy(url)
    copied = _rows(url, "SELECT id, outcome, created_at FROM voting_vote ORDER BY id")
    votes = [
        (key, outcome, datetime.fromisoformat(str(at)).replace(tzinfo=UTC)) for key, outcome, at in copied
    ]
    assert votes == list(Vote.objects.order_by("pk").values_list("pk", "outcome", "created_at"))
    entries = _rows(url, "SELECT id, payload, entry_hash FROM voting_ledgerentry ORDER BY id")
    assert entries == list(LedgerEntry.objects.order_by("pk").values_list("pk", "payload", "entry_hash"))
    [(created_at,)] = _rows(url, "SELECT created_at FROM voting_study")
    assert datetime.fromisoformat(str(created_at)).replace(tzinfo=UTC) == study.created_at


@pytest.mark.slow
def test_a_database_with_rows_is_refused_and_stays_as_it_is(study: Study, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'copy.sqlite3'}"
    _copy(url)
    with pytest.raises(CommandError, match="URL must name an empty database; got one whose table"):
        _copy(url)
    assert _rows(url, "SELECT count(*) FROM voting_vote") == [(2,)]


def test_a_database_of_others_is_refused(study: Study, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "other.sqlite3")) as other:
        other.execute("CREATE TABLE theirs (id)")
    with pytest.raises(CommandError, match="must name an empty database; got one whose table theirs has 0"):
        _copy(f"sqlite:///{tmp_path / 'other.sqlite3'}")
    assert _rows(f"sqlite:///{tmp_path / 'other.sqlite3'}", "SELECT name FROM sqlite_master") == [("theirs",)]


@pytest.mark.slow
def test_a_ledger_that_is_broken_is_not_copied(study: Study, tmp_path: Path) -> None:
    unprotect("voting_vote")
    Vote.objects.filter(outcome="tie").update(outcome="b")
    url = f"sqlite:///{tmp_path / 'copy.sqlite3'}"
    with pytest.raises(CommandError, match="entry 2 of the ledger"):
        _copy(url)
    assert _rows(url, "SELECT count(*) FROM voting_vote") == [(0,)]


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("nonsense", "URL must be an address as for DATABASE_URL"),
        ("oracle9://x/y", "URL must be an address as for DATABASE_URL"),
        ("postgres://nobody@127.0.0.1:9/none", "URL must name a database that can be reached"),
    ],
)
def test_an_address_that_leads_nowhere_is_refused(url: str, told: str) -> None:
    with pytest.raises(CommandError, match=told):
        _copy(url)


def test_the_sites_own_database_is_refused() -> None:
    name = connections["default"].settings_dict["NAME"]
    if connections["default"].vendor == "sqlite":
        with pytest.raises(CommandError, match="another database than the site's own"):
            _copy(f"sqlite:///{name}")
