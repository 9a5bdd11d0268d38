"""Drives a run to its end: in this process, or by watching workers where there is a broker."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from time import sleep

from django.conf import settings
from django.db import connections

from arena.production.claimant import retire
from arena.production.claims import requeue_abandoned_jobs
from arena.production.models import Job, Run
from arena.production.runs import count_states
from arena.production.tasks import send_job

POLL_S = 0.5


def produce(run: Run, *, workers: int, report: Callable[[Counter[str]], None]) -> Counter[str]:
    """Returns once each job of the run is done or failed; `report` hears the states as they change.

    Args:
        workers: jobs made side by side in this process; a broker's workers have their own number.
    """
    sent: set[int] = set()
    while True:
        if requeue_abandoned_jobs():
            sent.clear()
        states = count_states(run)
        report(states)
        if not states[Job.State.QUEUED] and not states[Job.State.RUNNING]:
            retire()
            return states
        queued = run.jobs.filter(state=Job.State.QUEUED).values_list("pk", flat=True)
        job_ids = [job_id for job_id in queued if job_id not in sent]
        sent.update(job_ids)
        _send(job_ids, workers, lambda: report(count_states(run)))
        if not job_ids:
            sleep(POLL_S)


def retry_failed_jobs(run: Run) -> int:
    """Queues a run's failed jobs again."""
    return run.jobs.filter(state=Job.State.FAILED).update(state=Job.State.QUEUED, attempts=0)


def _send(job_ids: list[int], workers: int, report: Callable[[], None]) -> None:
    if not settings.CELERY_TASK_ALWAYS_EAGER:
        for job_id in job_ids:
            send_job(job_id)
    elif workers == 1:
        for job_id in job_ids:
            send_job(job_id)
            report()
    else:
        with ThreadPoolExecutor(workers) as pool:
            for _ in pool.map(_send_in_thread, job_ids):
                report()


def _send_in_thread(job_id: int) -> None:
    try:
        send_job(job_id)
    finally:
        connections.close_all()  # Django opens one connection for each thread and leaves it open
