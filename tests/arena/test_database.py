from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from importlib import import_module
from pathlib import Path

import pytest
from django.conf import settings

KEPT = Path(__file__).with_name("database_before_rooms.sql")
"""A database with one study and one vote, made when the room `arena/runs` was called otherwise."""

PREVIOUS = Path(__file__).with_name("database_before_organisers.sql")
"""A database of the version before organisers could sign in: one study, four votes, one of them excluded."""

COUNT = """
import django
django.setup()
from arena.voting.models import Exclusion, Study, Vote
study = Study.objects.get()
print(Vote.objects.count(), Vote.objects.counting().count(), Exclusion.objects.get().rule, study.is_open)
"""

READ = """
import django
django.setup()
from arena.runs.models import Job, Rendition
from arena.catalog.models import Prompt
from arena.runs.models import Run
from arena.voting.models import Vote
assert all((p.expected_sound, p.dimensions, p.aux) == ("", [], {}) for p in Prompt.objects.all())
assert all((run.tags, run.exclude_tags) == ([], []) for run in Run.objects.all())
print(sorted(Job.objects.values_list("contender__slug", "state", "clip__rendition__width")))
assert all((run.max_usd, run.accept_stale_prices) == (None, False) for run in Run.objects.all())
assert all((job.claimed_by, job.paid_by, job.events.count()) == ("", None, 0) for job in Job.objects.all())
print(list(Vote.objects.values_list("outcome", "ballot__rendition_a__clip__job__contender__slug")))
"""


@pytest.mark.slow
def test_a_database_made_before_a_room_was_renamed_opens_with_its_rows(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "paddock.sqlite3")) as database:
        database.executescript(KEPT.read_text(encoding="utf-8"))
        applied = set(database.execute("SELECT app, name FROM django_migrations"))
    assert ("production", "0001_initial") in applied
    _python(tmp_path, "manage.py", "migrate", "-v0")
    with closing(sqlite3.connect(tmp_path / "paddock.sqlite3")) as database:
        assert applied <= set(database.execute("SELECT app, name FROM django_migrations"))
        count = "SELECT count(*) FROM django_migrations WHERE name = '0001_initial' AND app = 'production'"
        assert database.execute(count).fetchone() == (1,)  # nothing was made a second time
    assert _python(tmp_path, "manage.py", "verify_ledger", "kept")
    assert _python(tmp_path, "-c", READ).splitlines() == [
        "[('contender-1', 'succeeded', 64), ('contender-2', 'succeeded', 64)]",
        "[('a', 'contender-1')]",
    ]


@pytest.mark.slow
def test_a_database_of_the_previous_version_is_upgraded_and_goes_on(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "paddock.sqlite3")) as database:
        database.executescript(PREVIOUS.read_text(encoding="utf-8"))
    _python(tmp_path, "manage.py", "migrate", "-v0")
    assert "5 entries, unbroken" in _python(tmp_path, "manage.py", "verify_ledger", "kept")
    assert _python(tmp_path, "-c", COUNT).split() == ["4", "3", "spam", "True"]
    votes = _python(tmp_path, "manage.py", "export", "kept", "--what", "votes", "--format", "csv")
    assert len(votes.splitlines()) == 1 + 3  # the header, and the votes that count
    _python(tmp_path, "manage.py", "close_study", "kept", "--reason", "The upgrade works.")
    assert "6 entries, unbroken" in _python(tmp_path, "manage.py", "verify_ledger", "kept")


def _python(data: Path, *arguments: str) -> str:
    kept = {key: value for key, value in os.environ.items() if key != "DATABASE_URL"}
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=settings.BASE_DIR,
        env={**kept, "DATA_DIR": str(data), "DJANGO_SETTINGS_MODULE": "arena.settings"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_scripts_from_before_the_rename_find_the_models() -> None:
    earlier, present = import_module("arena.production.models"), import_module("arena.runs.models")
    assert all(getattr(earlier, name) is getattr(present, name) for name in earlier.__all__)
