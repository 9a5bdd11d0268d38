from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import sentry_sdk
from django.conf import settings

from arena.operations.reporting import start_reporting, strip_person
from tests.factories_serving import environment

IMPORTED = """
import sys, django
django.setup()
import arena.celery, arena.urls
assert "sentry_sdk" not in sys.modules or not __import__("sentry_sdk").get_client().is_active()
import arena.wsgi
print(__import__("sentry_sdk").get_client().is_active())
"""


def test_a_report_says_nothing_about_the_person() -> None:
    event = {
        "user": {"ip_address": "192.0.2.7"},
        "breadcrumbs": {"values": [{"message": "GET /ballots/secret"}]},
        "request": {
            "method": "POST",
            "url": "https://arena.example.org/ballots/secret/",
            "headers": {"Cookie": "rater=secret", "User-Agent": "secret"},
            "query_string": "token=secret",
            "data": {"outcome": "secret"},
        },
        "exception": {"values": [{"type": "ValueError"}]},
        "transaction": "/ballots/{token}/",
    }
    kept = strip_person(event, {})
    assert kept["request"] == {"method": "POST"}
    assert kept["transaction"] == "/ballots/{token}/"
    assert "secret" not in json.dumps(kept)
    assert "192.0.2.7" not in json.dumps(kept)


def test_a_report_of_a_task_has_its_name_and_no_argument() -> None:
    event = {
        "extra": {
            "celery-job": {
                "task_name": "webhooks.send_due",
                "args": ["secret"],
                "kwargs": {"token": "secret"},
            },
            "sys.argv": ["manage.py", "webhook", "add", "https://example.org/secret"],
        },
        "logentry": {
            "message": "sent to %s",
            "params": ["https://example.org/secret"],
            "formatted": "sent to https://example.org/secret",
        },
        "exception": {
            "values": [
                {"type": "HTTPStatusError", "value": "404 for url 'https://example.org/secret?token=secret'"},
                {"type": "OperationalError", "value": "postgres://paddock:secret@database/paddock is away"},
                {"type": "Http404", "value": "/ballots/secret/ is unknown"},
                {"type": "ValueError", "value": None},
            ]
        },
    }
    kept = strip_person(event, {})
    assert kept["extra"] == {"task": "webhooks.send_due"}
    assert kept["logentry"] == {"message": "sent to %s"}
    values = [raised["value"] for raised in kept["exception"]["values"]]
    assert values == ["404 for url 'https://…'", "postgres://… is away", "/ballots/… is unknown", None]
    assert "secret" not in json.dumps(kept)


def test_without_an_address_nothing_is_reported() -> None:
    assert not start_reporting()
    assert not sentry_sdk.get_client().is_active()


def test_reports_start_with_the_web_process_and_with_no_import_before(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", IMPORTED],
        cwd=settings.BASE_DIR,
        env=environment(tmp_path, SENTRY_DSN="http://key@127.0.0.1:1/1"),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "True"
