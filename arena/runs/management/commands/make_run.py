from __future__ import annotations

import os
from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console

from arena.catalog.lookup import UnknownName
from arena.runs.controls import resume_run
from arena.runs.driver import retry_failed_jobs
from arena.runs.hosting import accounts_concurrency
from arena.runs.models import Job
from arena.runs.progress import produce_with_progress
from arena.runs.runs import find_run
from arena.runs.unfinished import describe_failures, describe_held


class Command(BaseCommand):
    help = "Make the clips of a run that was planned before, or resume one that was paused."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("run", help="number of the run")
        parser.add_argument("--retry-failed", action="store_true", help="try clips that failed again")
        parser.add_argument(
            "--unless-paused", action="store_true", help="make nothing if the run is paused by now"
        )
        parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="clips made at once")

    def handle(
        self, *, run: str, retry_failed: bool, unless_paused: bool, workers: int, **options: object
    ) -> None:
        try:
            found = find_run(run)
        except UnknownName as error:
            raise CommandError(str(error)) from error
        if workers < 1:
            raise CommandError(f"--workers must be at least 1; got {workers}. Take another number.")
        if not unless_paused:
            resume_run(found)
        if retry_failed:
            retry_failed_jobs(found)
        states = produce_with_progress(
            found, workers=workers, concurrency=accounts_concurrency(found), console=Console()
        )
        done, failed = states[Job.State.SUCCEEDED], sum(states[state] for state in Job.WITHOUT_CLIP)
        self.stdout.write(f"{found}: {done} done, {failed} failed.")
        if told := [text for text in (describe_failures(found), describe_held(found)) if text]:
            raise CommandError("\n".join(told))
