from __future__ import annotations

import errno
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from celery.contrib.testing.worker import start_worker
from celery.exceptions import SoftTimeLimitExceeded
from pytest_django.fixtures import Settings

from arena import celery_app
from arena.media.normalise import LeakyRendition
from arena.runs import clips, tasks
from arena.runs.driver import produce
from arena.runs.models import Clip, Job
from arena.runs.runs import plan_run
from arena.runs.tasks import execute_job, send_job
from generators.base import (
    GenerationError,
    InvalidInput,
    QuotaExceeded,
    RefusedByModeration,
    Track,
    TransientError,
    Unavailable,
)
from generators.full_disk import DiskFull
from tests.factories import make_contender, make_suite
from tests.factories_runs import (
    SMALL,
    accounted_files,
    install_provider,
    make_queued_job,
    make_running_job,
    stored_files,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def waits_s(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long each wait before a further attempt would be; none takes place."""
    waited: list[float] = []
    monkeypatch.setattr(tasks, "pause", lambda wait_s: waited.append(wait_s) if wait_s else None)
    return waited


def _execute(job: Job) -> Job:
    send_job(job.pk)
    return Job.objects.get(pk=job.pk)


def test_a_job_is_made_in_this_process() -> None:
    job = _execute(make_queued_job())
    assert (job.state, job.attempts, job.error_kind) == (Job.State.SUCCEEDED, 1, "")
    assert stored_files() == accounted_files()


def test_a_message_that_comes_twice_does_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    provider = install_provider(monkeypatch)
    job = make_queued_job("provider")
    execute_job(job.pk)
    execute_job(job.pk)
    assert (len(provider.asked), Job.objects.get().attempts) == (1, 1)


def test_a_message_about_a_job_that_another_process_makes_does_nothing() -> None:
    job = make_running_job("another")
    assert _execute(job).claimed_by == "another"


@pytest.mark.parametrize(
    "error",
    [
        InvalidInput("no such aspect ratio"),
        QuotaExceeded("no money left"),
        Unavailable("the model was switched off"),
        GenerationError("no reason given"),
    ],
    ids=lambda error: error.kind,
)
def test_a_lasting_fault_is_recorded_at_once(
    error: GenerationError, monkeypatch: pytest.MonkeyPatch, waits_s: list[float]
) -> None:
    install_provider(monkeypatch, error)
    job = _execute(make_queued_job("provider"))
    assert (job.state, job.error_kind, job.error_message) == (Job.State.FAILED, error.kind, str(error))
    assert (job.attempts, job.finished_at is None, waits_s) == (1, False, [])


def test_a_refusal_by_moderation_blocks_the_job(monkeypatch: pytest.MonkeyPatch) -> None:
    install_provider(monkeypatch, RefusedByModeration("the prompt shows a face"))
    job = _execute(make_queued_job("provider"))
    assert (job.state, job.error_kind, job.attempts) == (Job.State.BLOCKED, "moderation", 1)


def test_a_passing_fault_is_tried_again_after_longer_and_longer(
    monkeypatch: pytest.MonkeyPatch, waits_s: list[float]
) -> None:
    provider = install_provider(monkeypatch, TransientError("busy"), TransientError("busy"))
    job = _execute(make_queued_job("provider"))
    assert (job.state, job.attempts, job.error_kind) == (Job.State.SUCCEEDED, 3, "")
    assert len(provider.asked) == 3
    assert waits_s == [20, 40]


def test_a_fault_that_does_not_pass_is_recorded_after_the_last_attempt(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, waits_s: list[float]
) -> None:
    settings.JOB_MAX_ATTEMPTS = 2
    provider = install_provider(monkeypatch, *[TransientError("busy")] * 9)
    job = _execute(make_queued_job("provider"))
    assert (job.state, job.attempts, job.error_kind) == (Job.State.FAILED, 2, "transient")
    assert (job.error_message, len(provider.asked)) == ("busy", 2)


def test_between_attempts_the_job_is_queued_and_says_why(
    monkeypatch: pytest.MonkeyPatch, waits_s: list[float]
) -> None:
    seen = []
    install_provider(monkeypatch, TransientError("busy"))
    monkeypatch.setattr(tasks, "pause", lambda _: seen.append(Job.objects.get()))
    _execute(make_queued_job("provider"))
    job = seen[-1]
    assert (job.state, job.error_kind, job.error_message, job.finished_at) == (
        "planned", "transient", "busy", None,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("generator", "fields", "message"),
    [
        ("toy-world", {"settings": {"flaw": "odd"}}, "toy-world: 'flaw' can't be 'odd'. Allowed: none"),
        ("gone", {}, "Unknown generator 'gone'. Known: "),
    ],
)
def test_a_contender_that_its_generator_no_longer_takes_fails_by_its_settings(
    generator: str, fields: dict[str, object], message: str
) -> None:
    job = _execute(make_queued_job(generator, **fields))
    assert (job.state, job.error_kind) == (Job.State.FAILED, "settings")
    assert job.error_message.startswith(message)


def test_a_rendition_that_would_tell_its_maker_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    def leak(*args: object, **options: object) -> None:
        raise LeakyRendition("The rendition would tell who made it (headers: the word 'sora').")

    monkeypatch.setattr(clips, "normalise", leak)
    job = _execute(make_queued_job())
    assert (job.state, job.error_kind) == (Job.State.FAILED, "leaky_rendition")
    assert stored_files() == set()


def test_a_fault_of_ours_ends_one_job_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    install_provider(monkeypatch, ZeroDivisionError("division by zero"))
    first, second = (_execute(make_queued_job("provider")) for _ in range(2))
    assert (first.state, first.error_kind) == (Job.State.FAILED, "unexpected")
    assert first.error_message == "ZeroDivisionError: division by zero"
    assert f"job {first.pk} failed" in caplog.text
    assert second.state == Job.State.SUCCEEDED


def _full_disk(*args: object, **options: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("step", ["generate", "probe", "normalise", "_store"])
def test_a_full_disk_is_no_attempt_and_leaves_the_job_queued(
    step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = make_queued_job()
    with monkeypatch.context() as patch:
        patch.setattr(clips, step, _full_disk)
        with pytest.raises(DiskFull) as caught:
            send_job(job.pk)
    row = Job.objects.get()
    assert (row.state, row.attempts, row.error_kind) == (Job.State.PLANNED, 0, "disk_full")
    assert str(caught.value).startswith(f"The disk of {tmp_path} is full (")
    assert str(caught.value).endswith("Free some space and start the run again.")
    assert (stored_files(), list((tmp_path / "work").iterdir())) == (set(), [])
    assert _execute(job).state == Job.State.SUCCEEDED


def test_nothing_is_generated_where_a_clip_would_not_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    provider = install_provider(monkeypatch)
    monkeypatch.setattr(tasks, "LEAST_FREE_BYTES", 2**63)
    with pytest.raises(DiskFull, match=r"MiB are free in "):
        send_job(make_queued_job("provider").pk)
    assert provider.asked == []


def _raise(error: BaseException) -> Callable[..., None]:
    def stop(*args: object) -> None:
        raise error

    return stop


def test_ctrl_c_is_no_attempt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clips, "generate", _raise(KeyboardInterrupt()))
    job = make_queued_job()
    with pytest.raises(KeyboardInterrupt):
        execute_job(job.pk)
    row = Job.objects.get()
    assert (row.state, row.attempts, stored_files()) == (Job.State.PLANNED, 0, set())


def test_a_worker_that_must_exit_sends_its_job_again_up_to_the_last_attempt(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    settings.CELERY_TASK_ALWAYS_EAGER, settings.JOB_MAX_ATTEMPTS = False, 2
    sent: list[int] = []
    monkeypatch.setattr(tasks, "send_job", sent.append)
    monkeypatch.setattr(clips, "generate", _raise(SystemExit(15)))
    job, states = make_queued_job(), []
    for _ in range(2):
        with pytest.raises(SystemExit):
            execute_job(job.pk)
        states.append(Job.objects.get().state)
    row = Job.objects.get()
    assert (states, row.error_kind, row.attempts, sent) == (["planned", "failed"], "interrupted", 2, [job.pk])


def test_a_task_that_exceeds_its_time_is_tried_again(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, waits_s: list[float]
) -> None:
    def exceed(job: Job) -> None:
        raise SoftTimeLimitExceeded

    settings.JOB_MAX_ATTEMPTS = 2
    monkeypatch.setattr(tasks, "make_clip", exceed)
    job = _execute(make_queued_job())
    assert (job.state, job.attempts, job.error_kind) == (Job.State.FAILED, 2, "timeout")
    assert job.error_message == f"The clip was not finished within {settings.CELERY_TASK_SOFT_TIME_LIMIT} s."


def test_a_fault_while_rows_are_written_leaves_no_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clips, "_provenance", lambda job, result: {"an": object()})
    job = _execute(make_queued_job())
    assert (job.state, job.error_kind, job.pending_files) == (Job.State.FAILED, "unexpected", [])
    assert (Clip.objects.count(), stored_files()) == (0, set())


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_workers_make_what_a_broker_brings_them(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.CELERY_TASK_ALWAYS_EAGER = False
    monkeypatch.setattr(tasks, "BACKOFF_S", 0)
    monkeypatch.setitem(celery_app.conf, "broker_transport_options", {"polling_interval": 0.05})
    provider = install_provider(monkeypatch, TransientError("busy"), QuotaExceeded("no money left"))
    contenders = [make_contender(generator="provider", settings={}) for _ in range(3)]
    run = plan_run(
        suite=make_suite(), contenders=contenders, seeds=[], track=Track.T2V_AUDIO, clip_settings=SMALL
    )
    for job in run.jobs.all():
        send_job(job.pk)
    assert set(run.jobs.values_list("state", flat=True)) == {Job.State.PLANNED}
    with start_worker(celery_app, perform_ping_check=False):
        states = produce(run, workers=1, report=lambda states: None)
    assert states == Counter({Job.State.SUCCEEDED: 2, Job.State.FAILED: 1})
    assert (len(provider.asked), Clip.objects.count()) == (4, 2)
    assert stored_files() == accounted_files()
