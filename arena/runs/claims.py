"""Claim jobs, finish them and give them up. A job's row is the truth; a queue's message is a hint."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from arena.runs.claimant import bury, claimant_name, dead_claimants, living_claimants
from arena.runs.drafts import remove_drafts, remove_unaccounted, remove_workplaces
from arena.runs.models import Job

LONGEST_KIND = 32
LONGEST_MESSAGE = 2000

log = logging.getLogger(__name__)


class ClaimLost(RuntimeError):
    """Job that another process took over: this process's work on it counts for nothing."""


def claim_job(*, job_id: int) -> Job | None:
    """Claim a queued job for this process; return None if it is no longer queued."""
    claimed = Job.objects.filter(pk=job_id, state=Job.State.QUEUED).update(
        state=Job.State.RUNNING,
        attempts=F("attempts") + 1,
        claimed_by=claimant_name(),
        claimed_at=timezone.now(),
        error_kind="",
        error_message="",
    )
    return Job.objects.select_related("contender", "prompt__suite").get(pk=job_id) if claimed == 1 else None


def announce_files(*, job: Job, files: list[list[str]]) -> None:
    """Record the files about to be stored, so that a crash leaves no orphans.

    Raises:
        ClaimLost: another process has the job now.
    """
    _update_claimed(job, pending_files=files)
    job.pending_files = files


def finish_job(*, job: Job) -> None:
    """Mark the job done, in the transaction that writes its clip.

    Raises:
        ClaimLost: another process has the job now.
    """
    _update_claimed(job, state=Job.State.DONE, pending_files=[], finished_at=timezone.now())


@transaction.atomic
def give_up_job(
    *, job: Job, state: Job.State, error_kind: str = "", error_message: str = "", counts: bool = True
) -> bool:
    """End the work on a job without a clip; return False if its claim was lost and only files changed.

    Files are removed inside the transaction: a kill before its end leaves the row, which names them.

    Args:
        job: a job that this process claimed.
        state: the job's next state.
        error_kind: kind of the error, for programs; empty without one.
        error_message: reason in words; empty without one.
        counts: whether it was an attempt of the generator, rather than a stop from outside.
    """
    # First, as it locks rows in their order, so that two processes can't wait for each other.
    remove_unaccounted(job)
    held = _claimed(job).update(
        state=state,
        pending_files=[],
        error_kind=storable(error_kind, LONGEST_KIND),
        error_message=storable(error_message, LONGEST_MESSAGE),
        attempts=job.attempts if counts else job.attempts - 1,
        finished_at=timezone.now() if state == Job.State.FAILED else None,
    )
    if held:
        remove_drafts(job.pk)
    return held == 1


def requeue_abandoned_jobs() -> list[int]:
    """End claims of dead processes, and overdue ones of other machines; return the jobs queued again.

    A job that was claimed `JOB_MAX_ATTEMPTS` times fails: it may be what ends the processes. Folders and
    locks of dead processes are removed.
    """
    dead, living = dead_claimants(), living_claimants()
    overdue = timezone.now() - timedelta(seconds=settings.CELERY_TASK_TIME_LIMIT)
    abandoned = Job.objects.filter(state=Job.State.RUNNING).filter(
        Q(claimed_by__in=dead) | Q(claimed_at__lt=overdue) & ~Q(claimed_by__in=living)
    )
    requeued = [job.pk for job in abandoned if _end_claim(job) == Job.State.QUEUED]
    for name in dead:
        remove_workplaces(name)
        bury(name)
    return requeued


def storable(text: str, longest: int) -> str:
    """Return the text in a form that every database takes: no NUL, no lone surrogates, cut to a length."""
    shown = text.encode(errors="backslashreplace").decode().replace("\0", r"\x00")
    return shown if len(shown) <= longest else f"{shown[: longest - 1]}…"


def _end_claim(job: Job) -> Job.State | None:
    is_last = job.attempts >= settings.JOB_MAX_ATTEMPTS
    state = Job.State.FAILED if is_last else Job.State.QUEUED
    reason = (
        f"The process that made the clip ended or took too long, {job.attempts} times." if is_last else ""
    )
    kind = "abandoned" if is_last else ""
    if not give_up_job(job=job, state=state, error_kind=kind, error_message=reason):
        return None
    log.warning("job %s was abandoned by %s and is %s", job.pk, job.claimed_by, state.value)
    return state


def _update_claimed(job: Job, **fields: object) -> None:
    if not _claimed(job).update(**fields):
        raise ClaimLost(f"Job {job.pk} was taken away from {job.claimed_by}; its clip is discarded.")


def _claimed(job: Job) -> QuerySet[Job]:
    """Return the job's row if it is still under this claim: a process may have lost and reclaimed it."""
    return Job.objects.filter(
        pk=job.pk, state=Job.State.RUNNING, claimed_by=job.claimed_by, claimed_at=job.claimed_at
    )
