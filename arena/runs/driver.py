"""Drive a run to its end: in this process, or by watching workers where there is a broker."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from time import monotonic, sleep

from django.db import OperationalError
from django.db.models import Q, QuerySet

from arena.runs.claimant import claimant_name, retire
from arena.runs.claims import give_up_job, requeue_abandoned_jobs
from arena.runs.crew import Crew
from arena.runs.models import Job, Run
from arena.runs.runs import count_states
from arena.runs.states import change_states
from arena.runs.tasks import DISK_FULL, HELD, describe_full_disk
from generators.full_disk import DiskFull, is_disk_full

POLL_S = 0.5
RESEND_S = 60.0
"""Time without any change after which messages count as lost; it doubles with each resending."""

Report = Callable[[Counter[str]], None]


def produce(run: Run, *, workers: int, report: Report, concurrency: int = 1) -> Counter[str]:
    """Make a run's clips; return the number of jobs in each state once none can go on by itself.

    Args:
        run: the run to make.
        report: called with the number of jobs in each state.
        workers: clips made or encoded side by side in this process; a broker's workers have their own.
        concurrency: jobs at providers side by side in this process, if their accounts allow so many.

    Raises:
        DiskFull: the run stopped; unfinished jobs stay open.
    """
    open_jobs = run.jobs.filter(state__in=Job.OPEN)
    open_jobs.filter(error_kind__in=[DISK_FULL, *HELD]).update(error_kind="", error_message="")
    open_jobs.update(paid_by=run)
    try:
        states = _drive(run, Crew(workers, concurrency), report)
    except Exception as error:
        if is_disk_full(error):
            told = str(error) if isinstance(error, DiskFull) else describe_full_disk(error)
            _release_jobs()
            raise DiskFull(f"{told} {_what_is_left(run)}") from error
        raise
    retire()
    return states


def retry_failed_jobs(run: Run) -> int:
    """Plan a run's jobs that ended without a clip again; return their number."""
    ended = Job.objects.filter(runs=run, state__in=Job.WITHOUT_CLIP)
    return change_states(ended, Job.State.PLANNED, {"attempts": 0, "finished_at": None})


def _drive(run: Run, crew: Crew, report: Report) -> Counter[str]:
    sent: set[int] = set()
    lost = _LostMessages()
    while True:
        if requeue_abandoned_jobs():
            sent.clear()
        states = count_states(run)
        report(states)
        if not _has_work(run):
            return states
        if (stopped := _full(run).first()) is not None:
            raise DiskFull(stopped.error_message)
        if lost.seem_lost(states):
            sent.clear()
        jobs = [job for job in _free_jobs(run) if job.pk not in sent]
        sent.update(job.pk for job in jobs)
        crew.send(jobs, lambda: report(count_states(run)))
        if not jobs:
            sleep(POLL_S)


def _has_work(run: Run) -> bool:
    """Whether a job is being made or can be; one that waits for a person can't."""
    held = Q(claimed_by="", error_kind__in=HELD)
    return run.jobs.filter(state__in=Job.OPEN).exclude(held).exists()


def _free_jobs(run: Run) -> list[Job]:
    """Return the jobs that nobody works on and that can go on; first those at a provider already."""
    free = run.jobs.filter(state__in=Job.OPEN, claimed_by="").exclude(error_kind__in=HELD)
    found = free.select_related("contender").order_by("pk")
    return sorted(found, key=lambda job: job.state == Job.State.PLANNED)


class _LostMessages:
    """Watch for jobs that wait so long that the broker must have lost their messages."""

    def __init__(self) -> None:
        self.patience_s = RESEND_S
        self.since = monotonic()
        self.states: Counter[str] = Counter()

    def seem_lost(self, states: Counter[str]) -> bool:
        if states != self.states or states[Job.State.RUNNING]:
            self.states, self.since = states, monotonic()
        if monotonic() - self.since < self.patience_s:
            return False
        self.since, self.patience_s = monotonic(), 2 * self.patience_s
        return True


def _full(run: Run) -> QuerySet[Job]:
    return run.jobs.filter(state__in=Job.OPEN, error_kind=DISK_FULL)


def _release_jobs() -> None:
    """Queue jobs that this process could not give up because the database had no space either.

    If it still has none, the next start finds them as the claims of a dead process.
    """
    for job in Job.objects.filter(state__in=Job.OPEN, claimed_by=claimant_name()):
        with suppress(OperationalError):
            give_up_job(job=job, state=Job.State.PLANNED, counts=False)


def _what_is_left(run: Run) -> str:
    states = count_states(run)
    left = sum(states[state] for state in Job.OPEN)
    return f"{states[Job.State.SUCCEEDED]} clips are made, {left} stay queued."
