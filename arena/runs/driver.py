"""Drive a run to its end: in this process, or by watching workers where there is a broker."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from time import monotonic, sleep

from django.conf import settings
from django.db import OperationalError, connections
from django.db.models import QuerySet

from arena.runs.claimant import claimant_name, retire
from arena.runs.claims import give_up_job, requeue_abandoned_jobs
from arena.runs.generating import workshop
from arena.runs.models import Job, Run
from arena.runs.runs import count_states
from arena.runs.tasks import DISK_FULL, describe_full_disk, send_job
from generators.full_disk import DiskFull, is_disk_full

POLL_S = 0.5
RESEND_S = 60.0
"""Time without any change after which messages count as lost; it doubles with each resending."""

Report = Callable[[Counter[str]], None]


def produce(run: Run, *, workers: int, report: Report) -> Counter[str]:
    """Make a run's clips; return the number of jobs in each state once all are done or failed.

    Args:
        run: the run to make.
        report: called with the number of jobs in each state.
        workers: jobs made side by side in this process; a broker's workers have their own number.

    Raises:
        DiskFull: the run stopped; unfinished jobs stay queued.
    """
    _full(run).update(error_kind="", error_message="")  # of an earlier start
    try:
        states = _drive(run, workers, report)
    except Exception as error:
        if is_disk_full(error):
            told = str(error) if isinstance(error, DiskFull) else describe_full_disk(error)
            _release_jobs()
            raise DiskFull(f"{told} {_what_is_left(run)}") from error
        raise
    retire()
    return states


def retry_failed_jobs(run: Run) -> int:
    """Queue a run's failed jobs again."""
    return run.jobs.filter(state=Job.State.FAILED).update(state=Job.State.QUEUED, attempts=0)


def _drive(run: Run, workers: int, report: Report) -> Counter[str]:
    sent: set[int] = set()
    lost = _LostMessages()
    while True:
        if requeue_abandoned_jobs():
            sent.clear()
        states = count_states(run)
        report(states)
        if not states[Job.State.QUEUED] and not states[Job.State.RUNNING]:
            return states
        if (stopped := _full(run).first()) is not None:
            raise DiskFull(stopped.error_message)
        if lost.seem_lost(states):
            sent.clear()
        queued = run.jobs.filter(state=Job.State.QUEUED).values_list("pk", flat=True)
        job_ids = [job_id for job_id in queued if job_id not in sent]
        sent.update(job_ids)
        _send(job_ids, workers, lambda: report(count_states(run)))
        if not job_ids:
            sleep(POLL_S)


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
    return run.jobs.filter(state=Job.State.QUEUED, error_kind=DISK_FULL)


def _release_jobs() -> None:
    """Queue jobs that this process could not give up because the database had no space either.

    If it still has none, the next start finds them as the claims of a dead process.
    """
    for job in Job.objects.filter(state=Job.State.RUNNING, claimed_by=claimant_name()):
        with suppress(OperationalError):
            give_up_job(job=job, state=Job.State.QUEUED, counts=False)


def _what_is_left(run: Run) -> str:
    states = count_states(run)
    return f"{states[Job.State.DONE]} clips are made, {states[Job.State.QUEUED]} stay queued."


def _send(job_ids: list[int], workers: int, report: Callable[[], None]) -> None:
    if not settings.CELERY_TASK_ALWAYS_EAGER:
        for job_id in job_ids:
            send_job(job_id)
    elif workers == 1:
        for job_id in job_ids:
            send_job(job_id)
            report()
    else:
        _send_side_by_side(job_ids, workers, report)


def _send_side_by_side(job_ids: list[int], workers: int, report: Callable[[], None]) -> None:
    with ThreadPoolExecutor(workers) as pool:
        try:
            for _ in pool.map(_send_in_thread, job_ids):
                report()
        except BaseException as error:
            pool.shutdown(wait=False, cancel_futures=True)
            if not isinstance(error, Exception):  # Ctrl-C doesn't wait for clips
                workshop.stop()
            raise


def _send_in_thread(job_id: int) -> None:
    try:
        send_job(job_id)
    finally:
        connections.close_all()  # Django opens one connection for each thread and leaves it open
