"""Announce that a run is finished: none of its jobs is open any more."""

from __future__ import annotations

from collections.abc import Collection

from arena.runs.models import Job, Run
from arena.runs.runs import count_states
from arena.webhooks.models import Event
from arena.webhooks.outbox import announce, is_wanted


def announce_finished(job_ids: Collection[int]) -> None:
    """Announce each run whose last open job has just ended; call it in the transaction that ends the jobs.

    The lock on the run's row has two last jobs end one after the other, so that one of them sees the other.
    Counts are those of the whole run: none is told for a contender.
    """
    if not job_ids or not is_wanted(Event.RUN_FINISHED):
        return
    runs = Run.objects.filter(pk__in=Run.jobs.through.objects.filter(job__in=job_ids).values("run"))
    for run in runs.select_related("suite").select_for_update(no_key=True, of=("self",)).order_by("pk"):
        if run.jobs.filter(state__in=Job.OPEN).exists():
            continue
        counts = count_states(run)
        data = {
            "run": run.pk,
            "suite": f"{run.suite.name}@{run.suite.version}",
            "track": run.track,
            "jobs": {state: counts[state] for state in Job.State.values if counts[state]},
        }
        announce(Event.RUN_FINISHED, data)
