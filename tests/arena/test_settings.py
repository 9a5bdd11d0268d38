from __future__ import annotations

import runpy
import secrets
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from environs import EnvError

from arena.runs.tasks import reconcile, requeue_abandoned
from arena.webhooks.tasks import send_due_webhooks

SETTINGS = Path(__file__).parents[2] / "arena" / "settings.py"
SOUND = {
    "PADDOCK_ENVIRONMENT": "production",
    "SECRET_KEY": secrets.token_urlsafe(50),
    "ALLOWED_HOSTS": "arena.example.org",
}
FOREIGN = (
    "DEBUG",
    "DATABASE_URL",
    "S3_BUCKET",
    "BEHIND_PROXY",
    "SECURE_SSL_REDIRECT",
    "CELERY_BROKER_URL",
    "JOB_TIMEOUT_S",
    "DATABASE_POOL_SIZE",
    "DATABASE_PREPARED",
)


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in (*SOUND, *FOREIGN):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))


def _read(monkeypatch: pytest.MonkeyPatch, **environment: str) -> dict[str, Any]:
    """Read the settings as a process with this environment would."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return runpy.run_path(str(SETTINGS))


def test_production_starts_with_a_key_and_hosts(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = _read(monkeypatch, **SOUND)
    assert settings["PRODUCTION"]
    assert not settings["DEBUG"]
    assert settings["ALLOWED_HOSTS"] == ["arena.example.org"]


@pytest.mark.parametrize("key", ["", "short", "development-only-secret-key-never-for-production"])
def test_production_refuses_a_missing_short_or_known_key(monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"SECRET_KEY must be a secret of 50.* Make one: python"):
        _read(monkeypatch, **{**SOUND, "SECRET_KEY": key})


def test_production_refuses_the_default_key(monkeypatch: pytest.MonkeyPatch) -> None:
    sound = {name: value for name, value in SOUND.items() if name != "SECRET_KEY"}
    with pytest.raises(ImproperlyConfigured, match="SECRET_KEY"):
        _read(monkeypatch, **sound)


def test_production_refuses_debug(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"DEBUG must be off in production.* Unset DEBUG"):
        _read(monkeypatch, **SOUND, DEBUG="true")


def test_production_refuses_to_serve_any_host(monkeypatch: pytest.MonkeyPatch) -> None:
    sound = {name: value for name, value in SOUND.items() if name != "ALLOWED_HOSTS"}
    with pytest.raises(ImproperlyConfigured, match="ALLOWED_HOSTS must name the arena's hosts"):
        _read(monkeypatch, **sound)


def test_production_sends_cookies_by_tls_alone_and_redirects_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = _read(monkeypatch, **SOUND)
    for name in ("RATER_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "SECURE_SSL_REDIRECT"):
        assert settings[name] is True
    assert settings["SECURE_HSTS_SECONDS"] > 0


def test_plain_http_gets_cookies_that_browsers_keep(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = _read(monkeypatch, **SOUND, SECURE_SSL_REDIRECT="0")
    for name in ("RATER_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "SECURE_SSL_REDIRECT"):
        assert settings[name] is False


def test_development_needs_nothing_and_answers_this_machine_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = _read(monkeypatch)
    assert not settings["PRODUCTION"]
    assert not settings["DEBUG"]
    assert settings["ALLOWED_HOSTS"] == ["localhost", "127.0.0.1", "[::1]"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PADDOCK_ENVIRONMENT", "staging"),
        ("BALLOT_LIFETIME_S", "soon"),
        ("BALLOT_LIFETIME_S", "59"),
        ("JOB_MAX_ATTEMPTS", "0"),
        ("DATABASE_POOL_SIZE", "0"),
        ("DEBUG", "perhaps"),
        ("FORCE_SCRIPT_NAME", "arena"),
        ("FORCE_SCRIPT_NAME", "https://example.org/arena"),
    ],
)
def test_a_value_that_makes_no_sense_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    with pytest.raises(EnvError, match=name):
        _read(monkeypatch, **{name: value})


def test_sqlite_waits_for_its_turn_to_write(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without IMMEDIATE, a transaction that reads first can't write any more once another one has."""
    database = _read(monkeypatch)["DATABASES"]["default"]
    assert database["OPTIONS"]["transaction_mode"] == "IMMEDIATE"


def _ask_database(question: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(question)
        return str(cursor.fetchone()[0])


def _pragmas() -> list[str]:
    try:
        return [_ask_database(f"PRAGMA {name}") for name in ("synchronous", "journal_mode", "foreign_keys")]
    finally:
        if not connection.in_atomic_block:  # another thread's connection: its next one is new
            connection.close()


@pytest.mark.django_db
def test_a_vote_outlasts_a_power_cut_before_it_is_acknowledged() -> None:
    """SQLite syncs its write-ahead log at each commit at level 2, FULL; at 1, NORMAL, it does not."""
    if connection.vendor == "sqlite":
        with ThreadPoolExecutor(1) as pool:
            connections_of_its_own = [pool.submit(_pragmas).result() for _ in range(2)]
        assert [_pragmas(), *connections_of_its_own] == [["2", "wal", "1"]] * 3
    else:
        assert [_ask_database(f"SHOW {name}") for name in ("fsync", "synchronous_commit")] == ["on", "on"]


def test_a_task_ends_before_its_message_is_delivered_again(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = _read(monkeypatch, CELERY_BROKER_URL="redis://localhost", JOB_TIMEOUT_S="100")
    limits = [settings[f"CELERY_TASK_{name}"] for name in ("SOFT_TIME_LIMIT", "TIME_LIMIT")]
    again = settings["CELERY_BROKER_TRANSPORT_OPTIONS"]["visibility_timeout"]
    assert [100, *limits, again] == sorted({100, *limits, again})


def test_beat_looks_for_abandoned_jobs_and_sends_webhooks(monkeypatch: pytest.MonkeyPatch) -> None:
    schedule = _read(monkeypatch)["CELERY_BEAT_SCHEDULE"]
    assert [entry["task"] for entry in schedule.values()] == [
        requeue_abandoned.name,
        reconcile.name,
        send_due_webhooks.name,
    ]


def test_postgresql_is_one_variable_away(monkeypatch: pytest.MonkeyPatch) -> None:
    database = _read(monkeypatch, DATABASE_URL="postgres://voter@db/arena")["DATABASES"]["default"]
    assert (database["ENGINE"], database["NAME"]) == ("django.db.backends.postgresql", "arena")
    assert "transaction_mode" not in database["OPTIONS"]


def test_postgresql_keeps_connections_for_the_next_request(monkeypatch: pytest.MonkeyPatch) -> None:
    url = "postgres://voter@db/arena?sslmode=require"
    database = _read(monkeypatch, DATABASE_URL=url, DATABASE_POOL_SIZE="3")["DATABASES"]["default"]
    assert database["OPTIONS"]["sslmode"] == "require"
    assert database["OPTIONS"]["pool"]["max_size"] == 3
    assert not database.get("CONN_MAX_AGE")  # Django refuses both


@pytest.mark.parametrize(("given", "threshold"), [({}, 0), ({"DATABASE_PREPARED": "0"}, None)])
def test_postgresql_prepares_statements_unless_a_pooler_forgets_them(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str], threshold: int | None
) -> None:
    database = _read(monkeypatch, DATABASE_URL="postgres://voter@db/arena", **given)["DATABASES"]["default"]
    assert database["OPTIONS"]["prepare_threshold"] == threshold


@pytest.mark.parametrize(("beside", "folder"), [("manage.py", "site/data"), ("README.md", "user/paddock")])
def test_data_lie_in_a_checkout_or_else_in_the_folder_of_the_user(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, beside: str, folder: str
) -> None:
    installed = tmp_path / "site" / "arena" / "settings.py"
    installed.parent.mkdir(parents=True)
    shutil.copy(SETTINGS, installed)
    (tmp_path / "site" / beside).touch()
    monkeypatch.delenv("DATA_DIR")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "user"))
    assert runpy.run_path(str(installed))["DATA_DIR"] == tmp_path / folder
    assert (tmp_path / folder).is_dir()


def test_without_a_word_from_the_desktop_the_folder_of_the_user_is_in_their_home(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert _read(monkeypatch)["USER_DATA"] == tmp_path / ".local" / "share" / "paddock"


def test_logs_are_lines_of_text_or_of_json(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _read(monkeypatch)["LOGGING"]["handlers"]["stderr"]["formatter"] == "line"
    assert _read(monkeypatch, LOG_FORMAT="json")["LOGGING"]["handlers"]["stderr"]["formatter"] == "json"
    with pytest.raises(EnvError, match="LOG_FORMAT"):
        _read(monkeypatch, LOG_FORMAT="xml")
