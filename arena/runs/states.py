"""Change a job's state: one place, which also adds the row of the job log."""

from __future__ import annotations

from collections.abc import Mapping

from django.db.models import QuerySet

from arena.runs.announcing import announce_finished
from arena.runs.models import Job, JobEvent, Submission
from arena.runs.turns import short_transaction


@short_transaction()
def change_states(
    jobs: QuerySet[Job], state: Job.State | None, fields: Mapping[str, object] | None = None
) -> int:
    """Move jobs to a state and set fields of theirs; return the number of jobs.

    Args:
        jobs: the rows to change; those that do not match at the time of the change are left alone.
        state: the next state; a job that has it already gets the fields, and no row in its log. None keeps
            each job's own.
        fields: other fields to set.
    """
    if state is None:
        return jobs.update(**(fields or {}))
    found = list(jobs.order_by("pk").select_for_update(of=("self",)).values_list("pk", "state"))
    changes = {**(fields or {}), "state": state}
    Job.objects.filter(pk__in=[key for key, _ in found]).update(**changes)
    moved = {key: was for key, was in found if was != state}
    paid = {each.job_id: each for each in Submission.objects.filter(job__in=moved).order_by("pk")}
    kind = str((fields or {}).get("error_kind", ""))
    JobEvent.objects.bulk_create(
        describe_change(key, was, state, paid.get(key), kind) for key, was in moved.items()
    )
    if state not in Job.OPEN:
        announce_finished([key for key, was in moved.items() if was in Job.OPEN])
    return len(found)


def describe_change(job_id: int, was: str, state: str, latest: Submission | None, kind: str = "") -> JobEvent:
    """Return the row of the log for a change, with id and cost of the job's latest submission, if any."""
    event = JobEvent(job_id=job_id, was=was, state=state, error_kind=kind)
    if latest is not None and latest.outcome != Submission.Outcome.VOID:
        event.request_id = latest.request_id or ""
        event.cost_usd = latest.reserved_usd if latest.cost_usd is None else latest.cost_usd
    return event
