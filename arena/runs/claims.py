"""Claim jobs, finish them and give them up. A job's row is the truth; a queue's message is a hint."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils import timezone

from arena.runs.announcing import announce_finished
from arena.runs.claimant import bury, claimant_name, dead_claimants, living_claimants
from arena.runs.drafts import remove_drafts, remove_unaccounted, remove_workplaces
from arena.runs.hosting import is_hosted
from arena.runs.models import Job, Submission
from arena.runs.outlasting import outlast
from arena.runs.states import change_states, describe_change
from arena.runs.submissions import live_submission
from arena.runs.turns import short_transaction

LONGEST_KIND = 32
LONGEST_MESSAGE = 2000

log = logging.getLogger(__name__)


class ClaimLost(RuntimeError):
    """Job that another process took over: this process's work on it counts for nothing."""


def claim_job(*, job_id: int) -> Job | None:
    """Claim a job for this process; return None if it is claimed, or there is nothing left to do.

    A job of a generator in this tree is running from now on. One at a provider keeps its state: it goes on by
    its recorded submission.
    """
    return _claim(job_id, timezone.now())


@outlast
def _claim(job_id: int, now: datetime) -> Job | None:
    job = Job.objects.select_related("contender", "prompt__suite", "paid_by").filter(pk=job_id).first()
    if job is None or _is_paused(job):
        return None
    hosted = is_hosted(job.contender)
    claimable = Job.objects.filter(pk=job_id, state__in=Job.OPEN if hosted else [Job.State.PLANNED])
    claim = {
        "attempts": job.attempts + 1,
        "claimed_by": claimant_name(),
        "claimed_at": now,
        "error_kind": "",
        "error_message": "",
    }
    state = None if hosted else Job.State.RUNNING
    unchanged = claimable.filter(claimed_by="", state=job.state, attempts=job.attempts)
    if change_states(unchanged, state, claim):
        for name, value in claim.items():
            setattr(job, name, value)
        job.state = state or job.state
        return job
    # The database's server may have ended while it committed the claim.
    mine = Job.objects.filter(pk=job_id, claimed_by=claimant_name(), claimed_at=now)
    return mine.select_related("contender", "prompt__suite", "paid_by").first()


def _is_paused(job: Job) -> bool:
    """Return whether the run of a job that was not begun is paused; one at a provider goes on."""
    return job.state == Job.State.PLANNED and job.paid_by is not None and job.paid_by.is_paused


def announce_files(*, job: Job, files: list[list[str]]) -> None:
    """Record the files about to be stored, so that a crash leaves no orphans.

    Raises:
        ClaimLost: another process has the job now.
    """
    if not _claimed(job).update(pending_files=files):
        raise _lost(job)
    job.pending_files = files


@short_transaction()
def move_job(*, job: Job, state: Job.State, submission: Submission) -> None:
    """Move a claimed job to a state in which this process goes on with it.

    Args:
        job: a job that this process claimed.
        state: the next state.
        submission: the one that the job goes by, for the log.

    Raises:
        ClaimLost: another process has the job now.
    """
    _move(job, state, submission, {})


def finish_job(*, job: Job) -> None:
    """Mark the job as succeeded, in the transaction that writes its clip.

    Raises:
        ClaimLost: another process has the job now.
    """
    fields = {"pending_files": [], "finished_at": timezone.now()}
    _move(job, Job.State.SUCCEEDED, live_submission(job), fields)


@outlast
@short_transaction()
def give_up_job(
    *, job: Job, state: Job.State, error_kind: str = "", error_message: str = "", counts: bool = True
) -> bool:
    """End the work on a job without a clip; return False if its claim was lost and only files changed.

    Files are removed inside the transaction: a kill before its end leaves the row, which names them.

    Args:
        job: a job that this process claimed.
        state: the job's next state; a planned job whose submission may still bring a clip keeps its own.
        error_kind: kind of the error, for programs; empty without one.
        error_message: reason in words; empty without one.
        counts: whether it was an attempt of the generator, rather than a stop from outside.
    """
    # First, as it locks rows in their order, so that two processes can't wait for each other.
    remove_unaccounted(job)
    fields: dict[str, object] = {
        "claimed_by": "",
        "pending_files": [],
        "error_kind": storable(error_kind, LONGEST_KIND),
        "error_message": storable(error_message, LONGEST_MESSAGE),
        "attempts": job.attempts if counts else job.attempts - 1,
        "finished_at": timezone.now() if state in Job.WITHOUT_CLIP else None,
    }
    is_live = state == Job.State.PLANNED and live_submission(job) is not None
    held = change_states(_claimed(job), None if is_live else state, fields)
    if held:
        remove_drafts(job.pk)
    return held == 1


@outlast
def requeue_abandoned_jobs() -> list[int]:
    """End claims of dead processes, and overdue ones of other machines; return the jobs queued again.

    A job that was claimed `JOB_MAX_ATTEMPTS` times fails: it may be what ends the processes. One that is paid
    for goes on. Folders and locks of dead processes are removed.
    """
    dead, living = dead_claimants(), living_claimants()
    overdue = timezone.now() - timedelta(seconds=settings.CELERY_TASK_TIME_LIMIT)
    abandoned = (
        Job.objects.filter(state__in=Job.OPEN)
        .exclude(claimed_by="")
        .filter(Q(claimed_by__in=dead) | Q(claimed_at__lt=overdue) & ~Q(claimed_by__in=living))
    )
    requeued = [job.pk for job in abandoned if _end_claim(job) == Job.State.PLANNED]
    for name in dead:
        remove_workplaces(name)
        bury(name)
    return requeued


def storable(text: str, longest: int) -> str:
    """Return the text in a form that every database takes: no NUL, no lone surrogates, cut to a length."""
    shown = text.encode(errors="backslashreplace").decode().replace("\0", r"\x00")
    return shown if len(shown) <= longest else f"{shown[: longest - 1]}…"


def _end_claim(job: Job) -> Job.State | None:
    is_last = job.attempts >= settings.JOB_MAX_ATTEMPTS and live_submission(job) is None
    state = Job.State.FAILED if is_last else Job.State.PLANNED
    reason = (
        f"The process that made the clip ended or took too long, {job.attempts} times." if is_last else ""
    )
    kind = "abandoned" if is_last else ""
    if not give_up_job(job=job, state=state, error_kind=kind, error_message=reason):
        return None
    log.warning("job %s was abandoned by %s and is %s", job.pk, job.claimed_by, state.value)
    return state


def _move(job: Job, state: Job.State, submission: Submission | None, fields: dict[str, object]) -> None:
    """Change the state of a claimed job, in a transaction.

    If the database's server ended while it committed the same change, it may be there already.
    """
    if _claimed(job).filter(state=job.state).update(state=state, **fields):
        if job.state != state:
            describe_change(job.pk, job.state, state, submission).save(force_insert=True)
        if state not in Job.OPEN:
            announce_finished([job.pk])
    elif not _claimed(job).filter(state=state).update(**fields or {"state": state}):
        raise _lost(job)
    job.state = state


def _lost(job: Job) -> ClaimLost:
    return ClaimLost(f"Job {job.pk} was taken away from {job.claimed_by}; its clip is discarded.")


def _claimed(job: Job) -> QuerySet[Job]:
    """Return the job's row if it is still under this claim: a process may have lost and reclaimed it."""
    return Job.objects.filter(
        pk=job.pk, state__in=Job.OPEN, claimed_by=job.claimed_by, claimed_at=job.claimed_at
    )
