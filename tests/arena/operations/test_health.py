from __future__ import annotations

import logging
from datetime import timedelta

import pytest
from celery import current_app
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from arena.operations import checks
from arena.operations.checks import queue_age_s
from arena.runs.models import Job
from arena.version import VERSION
from tests.factories import make_study

pytestmark = pytest.mark.django_db
NOBODY = "redis://127.0.0.1:1/0"


def test_a_site_whose_parts_work_is_up(client: Client) -> None:
    response = client.get("/health/")
    assert response.status_code == 200
    assert response.json() == {
        "status": "up",
        "version": VERSION,
        "parts": {"database": "up", "storage": "up", "broker": "up"},
        "queue_age_s": None,
    }
    assert "no-store" in response["Cache-Control"]
    assert not response.cookies


def test_a_broker_that_does_not_answer_is_a_problem_without_its_address(
    client: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    settings.CELERY_TASK_ALWAYS_EAGER = False
    monkeypatch.setattr(current_app.conf, "broker_read_url", NOBODY)
    monkeypatch.setattr(checks, "BROKER_TIMEOUT_S", 0.2)
    with caplog.at_level(logging.ERROR):
        response = client.get("/health/")
    assert response.status_code == 503
    assert response["Content-Type"] == "application/problem+json"
    told = response.json()
    assert (told["status"], told["parts"]["broker"], told["parts"]["database"]) == (503, "down", "up")
    assert "broker" in told["detail"]
    assert "127.0.0.1" not in response.content.decode()
    assert "the broker is down" in caplog.text


def test_a_database_that_does_not_answer_is_a_problem_without_its_error(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise ConnectionError("password for paddock@db.internal is wrong")

    monkeypatch.setitem(checks.CHECKS, "database", refuse)
    response = client.get("/health/")
    assert response.status_code == 503
    assert response.json()["parts"]["database"] == "down"
    assert response.json()["queue_age_s"] is None
    assert "internal" not in response.content.decode()


def test_a_full_disk_is_a_problem(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "LEAST_FREE_BYTES", 2**62)
    assert client.get("/health/").json()["parts"]["storage"] == "down"


def test_a_job_that_waits_too_long_is_a_problem_where_a_setting_says_how_long(
    client: Client, settings: Settings
) -> None:
    make_study()
    assert queue_age_s() is None
    hour_ago = timezone.now() - timedelta(hours=1)
    Job.objects.filter(pk=Job.objects.values("pk")[:1]).update(state=Job.State.PLANNED, due_at=hour_ago)
    age_s = queue_age_s()
    assert age_s is not None
    assert age_s >= 3600
    assert client.get("/health/").status_code == 200
    cache.clear()
    settings.HEALTH_QUEUE_AGE_S = 600
    response = client.get("/health/")
    assert response.status_code == 503
    assert "queue" in response.json()["detail"]


def test_many_visitors_cause_one_check(client: Client, django_assert_num_queries: object) -> None:
    client.get("/health/")
    with connection.execute_wrapper(_refuse):
        assert client.get("/health/").status_code == 200


def _refuse(*_: object) -> None:
    raise AssertionError("a second check")


def test_health_and_metrics_are_answered_over_http_where_pages_are_not(
    client: Client, settings: Settings
) -> None:
    settings.SECURE_SSL_REDIRECT = True
    assert client.get("/boards/").status_code == 301
    assert client.get("/health/").status_code == 200
    assert client.get("/metrics").status_code == 200
