from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.db import connections
from django.utils import timezone
from pytest_django.fixtures import Settings

from arena.runs.budget import reserve
from arena.runs.claimant import claimant_name, retire
from arena.runs.claims import (
    ClaimLost,
    announce_files,
    claim_job,
    finish_job,
    give_up_job,
    requeue_abandoned_jobs,
)
from arena.runs.drafts import draft_name
from arena.runs.models import Clip, Job, Submission
from generators.priced import Estimate
from tests.factories import make_contender, make_job, make_rendition, make_suite, store_bytes
from tests.factories_hosted import claim_hosted, make_entry
from tests.factories_runs import (
    accounted_files,
    make_dead_claimant,
    make_queued_job,
    make_running_job,
    stored_files,
    unfinished_work,
)

pytestmark = pytest.mark.django_db


def _claim(job: Job) -> Job:
    claimed = claim_job(job_id=job.pk)
    assert claimed is not None
    return claimed


def _store(content: bytes = b"half a life") -> list[str]:
    return ["originals", store_bytes(content, "originals", "mp4").name]


def _take_away(job: Job) -> Job:
    """Another process gives the job up for dead and claims it: the row is its now."""
    assert give_up_job(job=Job.objects.get(pk=job.pk), state=Job.State.PLANNED)
    return _claim(job)


@pytest.mark.parametrize("state", [Job.State.RUNNING, Job.State.SUCCEEDED, Job.State.FAILED])
def test_only_a_queued_job_can_be_claimed(state: Job.State) -> None:
    job = make_queued_job()
    Job.objects.update(state=state)
    assert claim_job(job_id=job.pk) is None
    assert claim_job(job_id=job.pk + 1) is None
    assert Job.objects.get().attempts == 0


def test_a_claim_is_on_the_row() -> None:
    job = _claim(make_queued_job())
    assert (job.state, job.attempts, job.claimed_by) == (Job.State.RUNNING, 1, claimant_name())
    assert job.claimed_at is not None
    assert timezone.now() - job.claimed_at < timedelta(minutes=1)


def test_a_job_is_claimed_once() -> None:
    job = _claim(make_queued_job())
    assert claim_job(job_id=job.pk) is None
    assert Job.objects.get().attempts == 1


def test_a_claim_forgets_the_last_failure() -> None:
    job = make_queued_job()
    Job.objects.update(error_kind="transient", error_message="busy")
    assert (_claim(job).error_kind, _claim_message()) == ("", "")


def _claim_message() -> str:
    return Job.objects.get().error_message


def test_who_lost_a_claim_changes_nothing_any_more() -> None:
    ours = _claim(make_queued_job())
    theirs = _take_away(ours)
    with pytest.raises(ClaimLost):
        announce_files(job=ours, files=[["originals", "a"]])
    with pytest.raises(ClaimLost, match=f"Job {ours.pk} was taken away"):
        finish_job(job=ours)
    assert not give_up_job(job=ours, state=Job.State.FAILED, error_kind="unexpected")
    row = Job.objects.get()
    assert (row.state, row.claimed_at, row.pending_files) == (Job.State.RUNNING, theirs.claimed_at, [])
    finish_job(job=theirs)
    assert Job.objects.get().state == Job.State.SUCCEEDED


def test_giving_up_removes_the_files_that_no_row_names() -> None:
    job = _claim(make_queued_job())
    announce_files(job=job, files=[_store()])
    storages["renditions"].save(draft_name(job.pk), ContentFile(b"half"))
    assert give_up_job(job=job, state=Job.State.FAILED, error_kind="unexpected", error_message="disk full")
    row = Job.objects.get()
    assert (row.state, row.error_kind, row.error_message) == (Job.State.FAILED, "unexpected", "disk full")
    assert (row.pending_files, row.finished_at is None, stored_files()) == ([], False, set())


def test_giving_up_keeps_a_file_that_another_clip_shares() -> None:
    shared = make_rendition(make_contender(), make_suite().prompts.get(), content=b"shared").name
    job = _claim(make_queued_job())
    announce_files(job=job, files=[["renditions", shared]])
    give_up_job(job=job, state=Job.State.FAILED)
    assert stored_files() == {f"renditions/{shared}"}


def test_giving_up_keeps_a_file_that_another_job_is_about_to_name() -> None:
    ours, theirs = _claim(make_queued_job()), _claim(make_queued_job())
    file = _store()
    for job in (ours, theirs):
        announce_files(job=job, files=[file])
    give_up_job(job=ours, state=Job.State.FAILED)
    assert stored_files() == {"/".join(file)}


def test_who_lost_a_claim_clears_its_files_away_but_not_the_new_owners() -> None:
    ours = _claim(make_queued_job())
    announce_files(job=ours, files=[["originals", "xx"]])
    theirs = _take_away(ours)
    shared, own = _store(b"both make it"), _store(b"only we make it")
    ours.pending_files = [shared, own]
    announce_files(job=theirs, files=[shared])
    give_up_job(job=ours, state=Job.State.FAILED)
    assert stored_files() == {"/".join(shared)}


def test_what_a_dead_process_left_is_queued_again_and_cleared_away() -> None:
    name = make_dead_claimant()
    job = make_running_job(name, pending_files=[_store()])
    storages["originals"].save(draft_name(job.pk), ContentFile(b"half"))
    (settings.DATA_DIR / "work" / f"{name}-{job.pk}-1").mkdir(parents=True)
    assert requeue_abandoned_jobs() == [job.pk]
    row = Job.objects.get()
    assert (row.state, row.attempts, row.pending_files) == (Job.State.PLANNED, 1, [])
    assert (stored_files(), unfinished_work()) == (set(), [])


def test_a_process_that_died_after_its_last_job_is_cleared_away() -> None:
    name = make_dead_claimant()
    (settings.DATA_DIR / "work" / f"{name}-7-1").mkdir(parents=True)
    assert requeue_abandoned_jobs() == []
    assert unfinished_work() == []


def _give_up(job: Job) -> bool:
    try:
        return give_up_job(job=job, state=Job.State.PLANNED)
    finally:
        connections.close_all()


@pytest.mark.django_db(transaction=True)
def test_many_processes_give_up_at_once_without_waiting_for_each_other_for_ever() -> None:
    for _ in range(4):
        jobs = [make_running_job("another") for _ in range(8)]
        with ThreadPoolExecutor(8) as pool:
            assert all(pool.map(_give_up, jobs))


def test_a_finished_clip_of_a_dead_process_stays() -> None:
    rendition = make_rendition(make_contender(), make_suite().prompts.get())
    original = _store()
    Clip.objects.update(name=original[1])
    Job.objects.update(claimed_by=make_dead_claimant())
    job = make_running_job(make_dead_claimant(), pending_files=[original, ["renditions", rendition.name]])
    assert requeue_abandoned_jobs() == [job.pk]
    assert stored_files() == accounted_files()


def test_what_a_living_process_does_is_left_alone() -> None:
    job = _claim(make_queued_job())
    assert requeue_abandoned_jobs() == []
    assert Job.objects.get(pk=job.pk).state == Job.State.RUNNING


def test_what_another_machine_does_is_left_alone_until_it_is_overdue(settings: Settings) -> None:
    settings.CELERY_TASK_TIME_LIMIT = 100
    fresh, overdue = make_running_job("far", age_s=90), make_running_job("away", age_s=110)
    assert requeue_abandoned_jobs() == [overdue.pk]
    assert [Job.objects.get(pk=job.pk).state for job in (fresh, overdue)] == ["running", "planned"]


def test_a_job_of_a_living_process_is_never_overdue(settings: Settings) -> None:
    """The clock may jump, and the job would be made, and paid for, twice."""
    settings.CELERY_TASK_TIME_LIMIT = 100
    retire()  # its lock lies where an earlier test had its data
    make_running_job(claimant_name(), age_s=7200)
    assert requeue_abandoned_jobs() == []


def test_a_job_whose_process_died_each_time_is_given_up(settings: Settings) -> None:
    settings.JOB_MAX_ATTEMPTS = 2
    first, last = (make_running_job(make_dead_claimant(), attempts=attempts) for attempts in (1, 2))
    assert requeue_abandoned_jobs() == [first.pk]
    row = Job.objects.get(pk=last.pk)
    assert (row.state, row.error_kind, row.attempts) == (Job.State.FAILED, "abandoned", 2)
    assert row.error_message == "The process that made the clip ended or took too long, 2 times."


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("no file caf\udce9.mp4", r"no file caf\udce9.mp4"),
        ("a\0b", r"a\x00b"),
        ("馬 🐎\n\x1b[0m", "馬 🐎\n\x1b[0m"),
        ("x" * 5000, "x" * 1999 + "…"),
    ],
)
def test_any_error_text_can_be_stored(text: str, stored: str) -> None:
    give_up_job(job=_claim(make_queued_job()), state=Job.State.FAILED, error_kind=text, error_message=text)
    row = Job.objects.get()
    assert (row.error_message, len(row.error_kind) <= 32) == (stored, True)


def test_an_attempt_that_does_not_count_is_taken_back() -> None:
    give_up_job(job=_claim(make_queued_job()), state=Job.State.PLANNED, counts=False)
    assert Job.objects.get().attempts == 0


def test_two_contenders_making_equal_files_is_no_reason_to_claim_twice() -> None:
    prompt = make_suite().prompts.get()
    jobs = [make_job(make_contender(), prompt) for _ in range(2)]
    assert [_claim(job).pk for job in jobs] == [job.pk for job in jobs]


def test_a_paid_job_whose_process_died_each_time_goes_on(settings: Settings) -> None:
    settings.JOB_MAX_ATTEMPTS = 1
    job = claim_hosted()
    reserve(job=job, entry=make_entry(), estimate=Estimate(0.7, None), slots=9)
    Job.objects.update(claimed_by=make_dead_claimant())
    assert requeue_abandoned_jobs() == [job.pk]
    row = Job.objects.get()
    assert (row.state, row.claimed_by) == (Job.State.SUBMITTING, "")
    again = _claim(row)
    assert (again.state, again.attempts) == (Job.State.SUBMITTING, 2)


def test_a_job_at_a_provider_that_someone_waits_for_is_not_claimed() -> None:
    job = claim_hosted()
    assert claim_job(job_id=job.pk) is None


def test_who_lost_a_claim_moves_and_submits_nothing() -> None:
    ours = claim_hosted()
    _take_away(ours)
    with pytest.raises(ClaimLost):
        reserve(job=ours, entry=make_entry(), estimate=Estimate(0.7, None), slots=9)
    assert (Job.objects.get().state, Submission.objects.count()) == ("planned", 0)
