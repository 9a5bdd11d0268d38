from __future__ import annotations

import os
from argparse import ArgumentParser
from collections import Counter

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from arena.catalog.lookup import UnknownName, find_contenders, find_suite, find_track
from arena.production.models import Job, Run
from arena.production.producing import produce, retry_failed_jobs
from arena.production.remarks import summarise_remarks
from arena.production.runs import ClipSettings, plan_run
from generators.base import LARGEST_SEED
from generators.full_disk import DiskFull


class Command(BaseCommand):
    help = "Make the clips of a suite: one job for each contender, prompt and seed. Run again to resume."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("suite", help="name, or name@version (default: the newest)")
        parser.add_argument("--contenders", required=True, help="slugs with commas between")
        parser.add_argument("--seeds", default="", help="such as 0,1 (default: those of each prompt)")
        parser.add_argument("--track", required=True, help="t2v, i2v, t2v-audio or i2v-audio")
        parser.add_argument("--duration", type=float, default=3.0, metavar="SECONDS")
        parser.add_argument("--size", default="512x512", metavar="WIDTHxHEIGHT")
        parser.add_argument("--fps", type=int, default=24)
        parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="jobs side by side")
        parser.add_argument("--retry-failed", action="store_true", help="try failed jobs again")

    def handle(self, **options: str) -> None:
        try:
            workers = _workers(int(options["workers"]))
            run = plan_run(
                suite=find_suite(options["suite"]),
                contenders=find_contenders(_parts(options["contenders"])),
                seeds=_seeds(options["seeds"]),
                track=find_track(options["track"]),
                clip_settings=_clip_settings(options),
            )
        except (UnknownName, ValueError) as error:
            raise CommandError(str(error)) from error
        if options["retry_failed"]:
            retry_failed_jobs(run)
        states = produce_with_progress(run, workers=workers, console=Console())
        self.stdout.write(f"{run}: {states[Job.State.DONE]} done, {states[Job.State.FAILED]} failed.")
        for line in summarise_remarks(run):
            self.stdout.write(line)
        if states[Job.State.FAILED]:
            raise CommandError(failures(run))


def produce_with_progress(run: Run, *, workers: int, console: Console) -> Counter[str]:
    columns = (TextColumn("Making clips"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task("clips", total=run.jobs.count())

        def report(states: Counter[str]) -> None:
            progress.update(bar, completed=states[Job.State.DONE] + states[Job.State.FAILED])

        try:
            return produce(run, workers=workers, report=report)
        except DiskFull as error:
            raise CommandError(str(error)) from error


def failures(run: Run) -> str:
    failed = run.jobs.filter(state=Job.State.FAILED).select_related("contender", "prompt")
    lines = [
        f"{job.contender}, prompt {job.prompt.key}, seed {job.seed}: {job.error_kind}: {job.error_message}"
        for job in failed
    ]
    return "\n".join(["These clips could not be made (--retry-failed tries again):", *lines])


def _parts(text: str) -> list[str]:
    return list(dict.fromkeys(part.strip() for part in text.split(",")))


def _workers(number: int) -> int:
    if number < 1:
        raise ValueError(f"--workers {number} would make nothing. Allowed: 1 and more.")
    return number


def _seeds(text: str) -> list[int]:
    parts = _parts(text) if text else []
    if not all(part.isdecimal() for part in parts):
        raise ValueError(f"--seeds '{text}' must be whole numbers from 0 with commas between, such as 0,1.")
    # Python refuses to read numbers of thousands of digits; one digit more than allowed is too large as well.
    return [int(part.lstrip("0")[: len(str(LARGEST_SEED)) + 1] or "0") for part in parts]


def _clip_settings(options: dict[str, str]) -> ClipSettings:
    width, _, height = options["size"].partition("x")
    if not (width.isdecimal() and height.isdecimal()):
        raise ValueError(f"--size '{options['size']}' must be WIDTHxHEIGHT in pixels, such as 512x512.")
    return ClipSettings(float(options["duration"]), int(width), int(height), int(options["fps"]))
