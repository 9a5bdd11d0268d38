"""Settle jobs whose submission had an unknown outcome, by what a person found at the provider."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from arena.runs.models import Job, Submission
from arena.runs.states import change_states
from arena.runs.submissions import live_submission


class CantResolve(ValueError):
    """Job that needs no person, or id that can't be that of its job."""


@transaction.atomic
def name_job(*, job_id: int, request_id: str) -> None:
    """Store the provider's id of a lost job, which its run then waits for.

    Raises:
        CantResolve: the outcome is not unknown, or the id is empty, too long or another job's.
    """
    submission = _find_lost(job_id)
    longest = Submission._meta.get_field("request_id").max_length or 0
    if not 0 < len(request_id) <= longest:
        raise CantResolve(
            f"--request-id must have 1 to {longest} characters; got {len(request_id)}. Copy it again."
        )
    other = Submission.objects.filter(provider=submission.provider, request_id=request_id).first()
    if other is not None:
        raise CantResolve(
            f"--request-id must be an id that no other job has; {request_id} is that of job {other.job_id}. "
            "Look again at the provider."
        )
    Submission.objects.filter(pk=submission.pk).update(request_id=request_id)
    _move(job_id, Job.State.QUEUED, {"error_kind": "", "error_message": ""})


@transaction.atomic
def deny_job(*, job_id: int) -> None:
    """Record that the provider has no job of a lost submission; nothing was paid.

    Raises:
        CantResolve: the outcome is not unknown.
    """
    submission = _find_lost(job_id)
    Submission.objects.filter(pk=submission.pk).update(outcome=Submission.Outcome.VOID, cost_usd=0)
    _move(job_id, Job.State.FAILED, {"finished_at": timezone.now()})


def _find_lost(job_id: int) -> Submission:
    job = Job.objects.filter(pk=job_id).first()
    submission = None if job is None else live_submission(job)
    if job is None or job.state != Job.State.UNKNOWN or job.claimed_by or submission is None:
        found = "there is no such job" if job is None else f"it is {job.state}"
        known = Job.objects.filter(state=Job.State.UNKNOWN).order_by("pk").values_list("pk", flat=True)[:10]
        shown = ", ".join(map(str, known)) or "none"
        raise CantResolve(f"Job {job_id} must be of unknown outcome; {found}. Of unknown outcome: {shown}.")
    return submission


def _move(job_id: int, state: Job.State, fields: dict[str, object]) -> None:
    """Move the job, unless a process took it up meanwhile."""
    free = Job.objects.filter(pk=job_id, state=Job.State.UNKNOWN, claimed_by="")
    if not change_states(free, state, fields):
        raise CantResolve(f"Job {job_id} must be left alone by runs; one works on it. Stop the run first.")
