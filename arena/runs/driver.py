"""Drive a run to its end: in this process, or by watching workers where there is a broker."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from math import inf
from time import monotonic, sleep

from django.db import OperationalError
from django.db.models import Q, QuerySet

from arena.runs.claimant import claimant_name, retire
from arena.runs.claims import give_up_job
from arena.runs.crew import Crew
from arena.runs.kinds import DISK_FULL, HELD
from arena.runs.models import Job, Run
from arena.runs.outlasting import outlast
from arena.runs.runs import count_states
from arena.runs.states import change_states
from arena.runs.tasks import describe_full_disk, sweep
from generators.full_disk import DiskFull, is_disk_full

POLL_S = 0.5
SWEEP_S = 5.0
"""Seconds between looks for jobs that nothing moves on."""

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
    swept = -inf
    while True:
        if monotonic() - swept >= SWEEP_S:
            sent.difference_update(sweep())
            swept = monotonic()
        states, free = _take_stock(run)
        report(states)
        if free is None:
            return states
        jobs = [job for job in free if job.pk not in sent]
        sent.update(crew.send(jobs, lambda: report(count_states(run))))
        if not jobs:
            sleep(POLL_S)


@outlast
def _take_stock(run: Run) -> tuple[Counter[str], list[Job] | None]:
    """Return the number of jobs in each state, and those that can be sent; None once none can go on.

    Raises:
        DiskFull: the disk of a worker is full.
    """
    has_work = _has_work(run)
    states = count_states(run)  # afterwards: else a worker's last clip might come between and not be counted
    if not has_work:
        return states, None
    if (stopped := _full(run).first()) is not None:
        raise DiskFull(stopped.error_message)
    return states, _free_jobs(run)


def _has_work(run: Run) -> bool:
    """Whether a job is being made or can be; one that waits for a person can't."""
    return run.jobs.filter(state__in=Job.OPEN).exclude(_held()).exists()


def _held() -> Q:
    """Return the condition of jobs that wait for a person: to decide, or to resume their run."""
    waits = Q(error_kind__in=HELD) | Q(state=Job.State.PLANNED, paid_by__is_paused=True)
    return Q(claimed_by="") & waits


def _free_jobs(run: Run) -> list[Job]:
    """Return the jobs that nobody works on and that can go on; first those at a provider already."""
    free = run.jobs.filter(state__in=Job.OPEN, claimed_by="").exclude(_held())
    found = free.select_related("contender").order_by("pk")
    return sorted(found, key=lambda job: job.state == Job.State.PLANNED)


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
