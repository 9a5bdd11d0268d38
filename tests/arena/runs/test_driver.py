from __future__ import annotations

import errno
from collections import Counter
from pathlib import Path

import pytest
from django.db import OperationalError
from pytest_django.fixtures import Settings

from arena.runs import crew, driver, tasks
from arena.runs.driver import produce, retry_failed_jobs
from arena.runs.generating import workshop
from arena.runs.models import Clip, Job, Rendition, Run
from arena.runs.runs import count_states, plan_run
from generators.base import QuotaExceeded, Track
from generators.full_disk import DiskFull
from tests.factories import make_contender, make_suite
from tests.factories_runs import (
    SMALL,
    accounted_files,
    install_provider,
    make_dead_claimant,
    stored_files,
    unfinished_work,
)
from tests.factories_strangers import write_stranger


def _plan(*, contenders: int = 2, generator: str = "toy-world") -> Run:
    rows = [make_contender(generator=generator, settings={}) for _ in range(contenders)]
    return plan_run(suite=make_suite(), contenders=rows, seeds=[], track=Track.T2V_AUDIO, clip_settings=SMALL)


def _produce(run: Run, workers: int = 1) -> tuple[Counter[str], list[int]]:
    """Produce a run; return the final states and the number of jobs done at each report."""
    reported: list[int] = []
    states = produce(run, workers=workers, report=lambda states: reported.append(states[Job.State.SUCCEEDED]))
    return states, reported


@pytest.mark.slow
@pytest.mark.django_db
def test_a_run_is_made_to_its_end_and_leaves_nothing_lying() -> None:
    run = _plan()
    states, reported = _produce(run)
    assert (states, reported) == ({Job.State.SUCCEEDED: 2}, [0, 1, 2, 2])
    assert (stored_files(), unfinished_work()) == (accounted_files(), [])


@pytest.mark.slow
@pytest.mark.django_db
def test_a_finished_run_is_not_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    provider = install_provider(monkeypatch)
    run = _plan(generator="provider")
    _produce(run)
    assert _produce(run) == ({Job.State.SUCCEEDED: 2}, [2])
    assert len(provider.asked) == 2


@pytest.mark.slow
@pytest.mark.django_db
def test_what_a_killed_process_left_running_is_made_again() -> None:
    run = _plan()
    Job.objects.filter(pk=run.jobs.all()[0].pk).update(
        state=Job.State.RUNNING, claimed_by=make_dead_claimant(), attempts=1
    )
    states, _ = _produce(run)
    assert states == {Job.State.SUCCEEDED: 2}
    assert sorted(run.jobs.values_list("attempts", flat=True)) == [1, 2]
    assert unfinished_work() == []


@pytest.mark.django_db
def test_it_waits_for_what_another_process_makes(monkeypatch: pytest.MonkeyPatch) -> None:
    run = _plan(contenders=1)
    Job.objects.update(state=Job.State.RUNNING, claimed_by="another")
    monkeypatch.setattr(driver, "sleep", lambda _: Job.objects.update(state=Job.State.SUCCEEDED))
    assert _produce(run)[0] == {Job.State.SUCCEEDED: 1}
    assert not Clip.objects.exists()


@pytest.mark.django_db
def test_a_clip_that_another_process_ends_right_after_a_count_is_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = _plan(contenders=1)
    Job.objects.update(state=Job.State.RUNNING, claimed_by="another")

    def count_and_end(run: Run) -> Counter[str]:
        states = count_states(run)
        Job.objects.update(state=Job.State.SUCCEEDED)
        return states

    monkeypatch.setattr(driver, "count_states", count_and_end)
    assert _produce(run)[0] == {Job.State.SUCCEEDED: 1}


@pytest.mark.django_db
def test_a_failed_job_holds_up_no_other_and_can_be_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    install_provider(monkeypatch, QuotaExceeded("no money left"))
    run = _plan(generator="provider")
    assert _produce(run)[0] == {Job.State.SUCCEEDED: 1, Job.State.FAILED: 1}
    assert _produce(run)[0] == {Job.State.SUCCEEDED: 1, Job.State.FAILED: 1}
    assert retry_failed_jobs(run) == 1
    assert _produce(run)[0] == {Job.State.SUCCEEDED: 2}
    assert list(run.jobs.values_list("attempts", flat=True)) == [1, 1]


FULL = OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.slow
@pytest.mark.django_db
def test_a_full_disk_stops_the_run_and_the_next_start_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    provider = install_provider(monkeypatch, QuotaExceeded("no money left"), FULL)
    run = _plan(contenders=4, generator="provider")
    with pytest.raises(
        DiskFull, match=r"Free some space and start the run again\. 0 clips are made, 3 stay queued"
    ):
        _produce(run)
    assert (len(provider.asked), stored_files(), unfinished_work()[1:]) == (2, set(), [])
    assert _produce(run)[0] == {Job.State.SUCCEEDED: 3, Job.State.FAILED: 1}


@pytest.mark.django_db
def test_a_database_without_space_stops_the_run_and_its_job_is_queued_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(job: Job) -> None:
        raise OperationalError("database or disk is full")

    monkeypatch.setattr(tasks, "make_clip", fail)
    monkeypatch.setattr(tasks, "give_up_job", lambda **_: fail(Job()))
    run = _plan()
    with pytest.raises(DiskFull, match=r"^The disk of .+ is full \(database or disk is full\)\. .+ 2 stay"):
        _produce(run)
    assert list(run.jobs.values_list("state", "attempts")) == [("planned", 0)] * 2


@pytest.mark.django_db(transaction=True)
def test_a_full_disk_stops_workers_side_by_side(monkeypatch: pytest.MonkeyPatch) -> None:
    install_provider(monkeypatch, *[FULL] * 9)
    run = _plan(contenders=6, generator="provider")
    with pytest.raises(DiskFull, match="0 clips are made, 6 stay queued"):
        _produce(run, workers=3)
    assert set(run.jobs.values_list("attempts", flat=True)) == {0}


@pytest.mark.django_db
def test_a_full_disk_of_a_worker_stops_who_watches_it(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    settings.CELERY_TASK_ALWAYS_EAGER = False
    run = _plan()

    def fill(job_id: int) -> None:
        Job.objects.filter(pk=job_id).update(error_kind="disk_full", error_message="The disk is full.")

    monkeypatch.setattr(crew, "send_job", fill)
    with pytest.raises(DiskFull, match=r"^The disk is full\. 0 clips are made, 2 stay queued\."):
        _produce(run)


@pytest.mark.django_db
def test_a_message_that_the_broker_lost_is_sent_again(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    settings.CELERY_TASK_ALWAYS_EAGER = False
    run = _plan(contenders=1)
    sent: list[int] = []

    def send(job_id: int) -> None:
        sent.append(job_id)
        if len(sent) == 3:
            Job.objects.update(state=Job.State.SUCCEEDED)

    clock = iter(range(0, 100_000, 50))
    monkeypatch.setattr(crew, "send_job", send)
    monkeypatch.setattr(driver, "sleep", lambda _: None)
    monkeypatch.setattr(driver, "monotonic", lambda: next(clock))
    assert _produce(run)[0] == {Job.State.SUCCEEDED: 1}
    assert len(sent) == 3


@pytest.mark.slow
@pytest.mark.django_db
def test_a_generator_that_ends_or_hangs_is_given_up_and_the_others_get_their_turn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    settings.JOB_MAX_ATTEMPTS, settings.JOB_TIMEOUT_S = 2, 30
    monkeypatch.syspath_prepend(write_stranger(tmp_path / "site"))
    workshop.close()  # a process that runs already has an older path
    contenders = [make_contender("aborts", generator="stranger", settings={"how": "abort"}), make_contender()]
    run = plan_run(
        suite=make_suite(), contenders=contenders, seeds=[], track=Track.T2V_AUDIO, clip_settings=SMALL
    )
    assert _produce(run)[0] == {Job.State.SUCCEEDED: 1, Job.State.FAILED: 1}
    job = run.jobs.get(contender__slug="aborts")
    assert (job.attempts, job.error_kind) == (2, "crashed")
    assert job.error_message == "The generator's process ended by SIGABRT."
    workshop.close()


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_several_workers_make_each_clip_once(monkeypatch: pytest.MonkeyPatch) -> None:
    provider = install_provider(monkeypatch)
    run = _plan(contenders=6, generator="provider")
    states, reported = _produce(run, workers=3)
    assert (states, reported[-1], len(provider.asked)) == ({Job.State.SUCCEEDED: 6}, 6, 6)
    assert (Clip.objects.count(), Rendition.objects.count()) == (6, 6)
    assert (stored_files(), unfinished_work()) == (accounted_files(), [])
