"""Pause, resume and cancel a run."""

from __future__ import annotations

from arena.runs.models import Job, Run
from arena.runs.states import change_states


def pause_run(run: Run) -> None:
    """Begin no further job of a run; jobs that are being made, or are at a provider, are finished."""
    _set_paused(run, is_paused=True)


def resume_run(run: Run) -> None:
    """Let the jobs of a run begin again; somebody has to make them, such as `start_in_background`."""
    _set_paused(run, is_paused=False)


def cancel_run(run: Run) -> int:
    """Cancel the jobs of a run that were not begun; return their number.

    Jobs that are being made, or that a provider is paid for, are finished. Another run's jobs stay.
    `retry_failed_jobs` plans the cancelled ones again.
    """
    waiting = Job.objects.filter(runs=run, state=Job.State.PLANNED, claimed_by="")
    others = Job.objects.filter(runs=run).exclude(paid_by=run).exclude(paid_by=None).values("pk")
    told = {"error_kind": "cancelled", "error_message": "The run was cancelled before this clip was begun."}
    return change_states(waiting.exclude(pk__in=others), Job.State.CANCELLED, told)


def _set_paused(run: Run, *, is_paused: bool) -> None:
    run.is_paused = is_paused
    run.save(update_fields=["is_paused"])
