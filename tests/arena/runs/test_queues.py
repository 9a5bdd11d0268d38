"""Jobs with a broker: the queue of each step, messages that are lost, and workers that are told to exit."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as project_settings
from django.utils import timezone
from kombu.exceptions import OperationalError
from pytest_django.fixtures import Settings

from arena.runs import generating, sweeping, tasks
from arena.runs.claims import claim_job
from arena.runs.crew import Crew
from arena.runs.kinds import CAP, UNKNOWN
from arena.runs.models import Clip, Job, Submission
from arena.runs.pausing import go_on
from arena.runs.queues import QUEUES, choose_queue, is_empty
from arena.runs.record import JobRecord, Turns
from arena.runs.sweeping import find_lost_jobs, reopen_unknown_jobs
from arena.runs.tasks import execute_job, halt_at_end, reconcile, send_job, sweep
from generators.adapters import production
from generators.priced import Estimate
from tests.factories_hosted import claim_hosted, make_entry
from tests.factories_runs import make_dead_claimant, make_queued_job, make_running_job
from tests.providers.contract import MODELS
from tests.providers.faults import Fault
from tests.providers.server import Server

pytestmark = pytest.mark.django_db


@pytest.fixture
def sent(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, str, float]]:
    """Return the job, queue and countdown of each message; no worker reads them."""
    messages: list[tuple[int, str, float]] = []

    def store(arguments: tuple[int], *, queue: str, countdown: float) -> None:
        messages.append((arguments[0], queue, countdown))

    settings.CELERY_TASK_ALWAYS_EAGER = False
    monkeypatch.setattr(execute_job, "apply_async", store)
    monkeypatch.setattr(sweeping, "is_empty", lambda queue: True)
    return messages


def _make_hosted_job(provider: str = "fal") -> Job:
    return make_queued_job(provider, settings={"model": MODELS[provider], "refuse": []})


def _make_lost(provider: str, **fields: object) -> Job:
    """Make a job whose create call was not answered, an hour after its message."""
    job = claim_job(job_id=_make_hosted_job(provider).pk)
    assert job is not None
    record = JobRecord(job, Estimate(1.0, None), provider=provider, turns=Turns(2))
    record.begin(make_entry(provider))
    record.note("unknown")
    due = timezone.now() - timedelta(hours=1)
    Job.objects.filter(pk=job.pk).update(claimed_by="", error_kind=UNKNOWN, due_at=due, **fields)
    return job


@pytest.mark.parametrize(
    ("generator", "queue"),
    [
        ("fal", "api"),
        ("toy-world", "media"),
        ("folder", "media"),
        ("happyhorse", "gpu"),
        ("diffusers", "gpu"),
        ("never installed", "media"),
    ],
)
def test_a_job_goes_to_the_queue_of_what_it_needs(generator: str, queue: str) -> None:
    assert choose_queue(make_queued_job(generator)) == queue


def test_workers_take_all_queues_unless_told_which() -> None:
    assert {each.name for each in project_settings.CELERY_TASK_QUEUES} == set(QUEUES)


def test_a_clip_waits_in_one_queue_and_is_fetched_in_another(
    server: Server, sent: list[tuple[int, str, float]]
) -> None:
    job = _make_hosted_job()
    send_job(job.pk)
    execute_job(job.pk)
    job.refresh_from_db()
    assert [queue for _, queue, _ in sent] == ["api", "media"]
    assert (job.state, job.claimed_by, job.attempts) == (Job.State.RUNNING, "", 0)
    assert Submission.objects.get().outcome == "made"
    execute_job(job.pk)
    job.refresh_from_db()
    assert (job.state, Clip.objects.count(), len(sent)) == (Job.State.SUCCEEDED, 1, 2)
    assert server.faces["fal"].paid_jobs == 1


def test_a_job_without_a_slot_goes_to_the_end_of_its_queue(
    server: Server, sent: list[tuple[int, str, float]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generating, "SLOT_PATIENCE_S", 0.0)
    monkeypatch.setattr("arena.runs.record.SLOT_POLL_S", 0.0)
    monkeypatch.setenv("FAL_CONCURRENCY", "1")
    record = JobRecord(claim_hosted(), Estimate(1.0, None), provider="fal", turns=Turns(1))
    record.begin(make_entry())
    second = _make_hosted_job()
    execute_job(second.pk)
    second.refresh_from_db()
    assert (second.state, second.claimed_by, second.attempts) == (Job.State.PLANNED, "", 0)
    assert sent == [(second.pk, "api", 0)]
    assert server.faces["fal"].create_calls == 0


def test_a_worker_that_is_told_to_exit_leaves_its_jobs_to_others(
    server: Server, sent: list[tuple[int, str, float]]
) -> None:
    server.faces["fal"].fault = Fault.STUCK
    job = _make_hosted_job()
    halt_at_end()
    try:
        execute_job(job.pk)
    finally:
        go_on()
    job.refresh_from_db()
    assert (job.claimed_by, job.attempts, sent) == ("", 0, [(job.pk, "api", 0)])
    assert server.faces["fal"].create_calls == 0


def test_a_job_without_a_message_is_sent_again_once_its_queue_is_empty(
    sent: list[tuple[int, str, float]], monkeypatch: pytest.MonkeyPatch
) -> None:
    lost, fresh, capped = make_queued_job(), make_queued_job(), make_queued_job()
    make_queued_job()  # never sent
    long_ago = timezone.now() - timedelta(minutes=5)
    Job.objects.filter(pk__in=[lost.pk, capped.pk]).update(due_at=long_ago)
    Job.objects.filter(pk=capped.pk).update(error_kind=CAP)
    Job.objects.filter(pk=fresh.pk).update(due_at=timezone.now())
    assert find_lost_jobs() == [lost.pk]
    monkeypatch.setattr(sweeping, "is_empty", lambda queue: queue != "media")
    assert find_lost_jobs() == []


def test_a_wait_before_the_next_attempt_is_no_loss(sent: list[tuple[int, str, float]]) -> None:
    job = make_queued_job()
    send_job(job.pk, after_s=3600)
    assert find_lost_jobs() == []
    assert sent == [(job.pk, "media", 3600)]


def test_a_sweep_sends_what_a_dead_worker_left(sent: list[tuple[int, str, float]]) -> None:
    job = make_running_job(make_dead_claimant())
    assert sweep() == []
    assert sent == [(job.pk, "media", 0)]


def test_without_a_broker_a_sweep_tells_what_is_free_again() -> None:
    job = make_running_job(make_dead_claimant())
    assert sweep() == [job.pk]


def test_a_broker_that_does_not_answer_gets_the_job_later(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:  # noqa: ANN401 - whatever is sent
        raise OperationalError("connection refused")

    settings.CELERY_TASK_ALWAYS_EAGER = False
    monkeypatch.setattr(execute_job, "apply_async", refuse)
    monkeypatch.setattr(tasks, "find_lost_jobs", refuse)
    first, second = make_queued_job(), make_queued_job()
    assert Crew(1, 1).send([first, second], lambda: None) == []
    assert sweep() == []
    assert set(Job.objects.values_list("state", flat=True)) == {"planned"}


def test_a_lost_submission_is_looked_for_in_the_list_again(
    server: Server, sent: list[tuple[int, str, float]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(production, "SETTLING_S", (0.0,))
    listed, unlisted = _make_lost("kling"), _make_lost("fal")
    assert Submission.objects.filter(job=unlisted).exists()
    reconcile()
    assert sent == [(listed.pk, "api", 0)]
    assert reopen_unknown_jobs() == []
    execute_job(listed.pk)
    assert server.faces["kling"].paid_jobs == 1


def test_a_queue_is_empty_until_a_message_waits_in_it() -> None:
    from arena import celery_app

    assert is_empty("api")
    with celery_app.connection_for_write() as broker:
        queue = broker.SimpleQueue("api")
        queue.put("message")
        assert not is_empty("api")
        queue.clear()
