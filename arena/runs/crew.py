"""Send the jobs of a run: to a broker's workers, or to threads of this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import takewhile
from time import monotonic

from django.conf import settings
from django.db import connections

from arena.runs.finishing import arrange
from arena.runs.generating import workshop
from arena.runs.hosting import is_hosted
from arena.runs.models import Job
from arena.runs.pausing import go_on, halt
from arena.runs.tasks import send_job

REPORT_S = 0.5
"""Seconds between reports of jobs side by side, at least."""


@dataclass(frozen=True)
class Crew:
    """Number of jobs that this process works on side by side."""

    workers: int
    """Clips that are made or encoded here at once."""
    concurrency: int
    """Jobs at providers at once."""

    def send(self, jobs: Sequence[Job], report: Callable[[], None]) -> list[int]:
        """Hand jobs over; without a broker, return once each is at its end.

        Args:
            jobs: jobs to make.
            report: called while jobs are made here; it counts all of them, so not after each of thousands.

        Returns:
            The jobs that were handed over; a broker that does not answer gets the others later.
        """
        if not settings.CELERY_TASK_ALWAYS_EAGER:
            return list(takewhile(send_job, [job.pk for job in jobs]))
        go_on()
        arrange(self.workers)
        hosted = [job.pk for job in jobs if is_hosted(job.contender)]
        local = [job.pk for job in jobs if not is_hosted(job.contender)]
        if (self.workers == 1 or not local) and (self.concurrency == 1 or not hosted):
            for job_id in [*hosted, *local]:
                send_job(job_id)
                report()
        else:
            self._send_side_by_side(hosted, local, report)
        return [*hosted, *local]

    def _send_side_by_side(self, hosted: list[int], local: list[int], report: Callable[[], None]) -> None:
        with ExitStack() as stack:
            # A job leaves its slot before its clip is fetched and finished: further threads fill the slots.
            further = max(self.workers, self.concurrency // 4)
            waiting = stack.enter_context(_pool(self.concurrency + further))
            making = stack.enter_context(_pool(self.workers))
            futures = [*_submit(waiting, hosted), *_submit(making, local)]
            try:
                reported = monotonic()
                for done in as_completed(futures):
                    done.result()
                    if monotonic() - reported >= REPORT_S:
                        report()
                        reported = monotonic()
            except BaseException as error:
                for pool in (waiting, making):
                    pool.shutdown(wait=False, cancel_futures=True)
                halt()
                if not isinstance(error, Exception):  # Ctrl-C doesn't wait for clips
                    workshop.stop()
                raise


def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads)


def _submit(pool: ThreadPoolExecutor, job_ids: list[int]) -> Iterator[Future[None]]:
    return (pool.submit(_send_in_thread, job_id) for job_id in job_ids)


def _send_in_thread(job_id: int) -> None:
    try:
        send_job(job_id)
    finally:
        connections.close_all()  # Django opens one connection for each thread and leaves it open
