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
from arena.operations.probe import known_host
from arena.runs.controls import pause_run
from arena.runs.models import Job
from arena.version import VERSION
from tests.factories import make_contender, make_job, make_run, make_study, make_suite

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


def test_jobs_of_a_paused_run_are_not_late() -> None:
    suite, contender = make_suite(), make_contender()
    run = make_run(suite, [contender])
    hour_ago = timezone.now() - timedelta(hours=1)
    make_job(contender, suite.prompts.get(), due_at=hour_ago, paid_by=run)
    assert queue_age_s() is not None
    pause_run(run)
    assert queue_age_s() is None


@pytest.mark.parametrize("allowed", ["arena.example.org,10.0.0.7", " .example.org", "*", ""])
def test_the_probe_asks_under_a_name_that_the_site_answers_to(
    client: Client, settings: Settings, allowed: str
) -> None:
    settings.ALLOWED_HOSTS = [each.strip() for each in allowed.split(",") if each] or ["localhost"]
    assert client.get("/health/", headers={"host": known_host(allowed)}).status_code == 200


def test_health_by_an_address_is_answered_where_it_is_an_allowed_host(
    client: Client, settings: Settings
) -> None:
    settings.ALLOWED_HOSTS = ["arena.example.org"]
    assert client.get("/health/", headers={"host": "10.0.0.7:8000"}).status_code == 400
    settings.ALLOWED_HOSTS = ["arena.example.org", "10.0.0.7"]
    assert client.get("/health/", headers={"host": "10.0.0.7:8000"}).status_code == 200


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
