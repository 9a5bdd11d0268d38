"""How far runs are, in numbers of their jobs."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from django.db.models import Count, Q

from arena.runs.models import Job, Run

AT_WORK = ~Q(job__claimed_by="") | ~Q(job__state__in=(Job.State.PLANNED, Job.State.QUEUED))
"""Jobs that a process has claimed or a provider has taken, of those that have not ended."""

ENDED = dict.fromkeys(Job.WITHOUT_CLIP, "failed") | {
    Job.State.SUCCEEDED: "done",
    Job.State.BLOCKED: "blocked",
}
"""Number to which a job that has ended counts, by its state."""


class RunTotals(NamedTuple):
    """Numbers of a run's jobs; retired ones are not counted."""

    queued: int = 0
    running: int = 0
    done: int = 0
    failed: int = 0
    """Jobs that failed, expired or were cancelled."""
    blocked: int = 0
    """Jobs that moderation refused."""

    @property
    def open(self) -> int:
        """Jobs that have not ended."""
        return self.queued + self.running

    @property
    def all(self) -> int:
        """All jobs."""
        return sum(self)


def total_runs(runs: Sequence[Run]) -> dict[int, RunTotals]:
    """Return the totals of runs by their primary keys, in one query."""
    links = Run.jobs.through.objects.filter(run__in=runs).exclude(job__state=Job.State.RETIRED)
    states = links.order_by().values_list("run_id", "job__state")
    counted = states.annotate(number=Count("pk"), at_work=Count("pk", filter=AT_WORK))
    numbers: dict[int, Counter[str]] = defaultdict(Counter)
    for run, state, number, at_work in counted:
        if state in Job.OPEN:
            numbers[run] += Counter(queued=number - at_work, running=at_work)
        else:
            numbers[run][ENDED[state]] += number
    return {run.pk: RunTotals(**numbers[run.pk]) for run in runs}
