from __future__ import annotations

import os
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from arena.catalog.lookup import UnknownName, find_contenders, find_suite, find_track
from arena.catalog.models import Contender, Prompt
from arena.catalog.tracks import Track
from arena.media.profile import Profile
from arena.runs.driver import produce, retry_failed_jobs
from arena.runs.geometry import DEFAULT, Asked, choose_settings
from arena.runs.models import Job, Run
from arena.runs.remarks import summarise_remarks
from arena.runs.replacements import retire_replaced
from arena.runs.runs import ClipSettings, plan_run
from arena.runs.shown import describe_changes
from arena.runs.survey import Survey, brings_clips, survey_clips
from generators.base import LARGEST_SEED
from generators.full_disk import DiskFull


class Command(BaseCommand):
    help = "Make the clips of a suite: one job for each contender, prompt and seed. Run again to resume."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("suite", help="name, or name@version (default: the newest)")
        parser.add_argument("--contenders", required=True, help="slugs with commas between")
        parser.add_argument("--seeds", default="", help="such as 0,1 (default: those of each prompt)")
        parser.add_argument("--track", required=True, help="t2v, i2v, t2v-audio or i2v-audio")
        add_geometry(parser)
        parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="jobs side by side")
        parser.add_argument("--retry-failed", action="store_true", help="try failed jobs again")

    def handle(self, **options: str) -> None:
        try:
            workers = _workers(int(options["workers"]))
            suite = find_suite(options["suite"])
            contenders = find_contenders(_parts(options["contenders"]))
            seeds = _seeds(options["seeds"])
            track = find_track(options["track"])
            asked = read_geometry(options)
            survey = survey_with_progress(list(suite.prompts.all()), contenders, seeds, Console())
            for line in describe_misfits(survey, track):
                self.stdout.write(line)
            chosen = choose_settings(asked=asked, survey=survey, allow_short=bool(options["allow_short"]))
            for place in retire_replaced(suite=suite, clips=survey.clips):
                self.stdout.write(f"{place}: the file was replaced, and is taken in as a new clip")
            run = plan_run(
                suite=suite, contenders=contenders, seeds=seeds, track=track, clip_settings=chosen.settings
            )
        except (UnknownName, ValueError) as error:
            raise CommandError(str(error)) from error
        if options["retry_failed"]:
            retry_failed_jobs(run)
        self.stdout.write(f"{run}: {run.jobs.count()} clips of {chosen.settings} ({chosen.why}).")
        states = produce_with_progress(run, workers=workers, console=Console())
        self.stdout.write(f"{run}: {states[Job.State.DONE]} done, {states[Job.State.FAILED]} failed.")
        for line in [*describe_changes(run), *summarise_remarks(run)]:
            self.stdout.write(line)
        if states[Job.State.FAILED]:
            raise CommandError(failures(run))


def add_geometry(parser: ArgumentParser) -> None:
    """Add the options that say what every clip and rendition is."""
    default = f"{DEFAULT.width}x{DEFAULT.height}, {DEFAULT.duration_s:g} s and {DEFAULT.fps:g} fps"
    group = parser.add_argument_group(
        "geometry",
        "What generators are asked for, and what every clip is shown as. By default clips that exist keep "
        f"their own size, length and rate, which must be equal; generators are asked for {default}.",
    )
    group.add_argument("--size", metavar="WIDTHxHEIGHT", help="in pixels, such as 1280x720")
    group.add_argument("--duration", type=float, metavar="SECONDS")
    group.add_argument("--fps", type=float, help="frames in a second, such as 25 or 29.97")
    group.add_argument(
        "--allow-short", action="store_true", help="hold the last picture of clips that end early"
    )


def read_geometry(options: Mapping[str, Any]) -> Asked:
    """Read the options of `add_geometry`."""
    duration_s, fps = options["duration"], options["fps"]
    size = None
    if options["size"] is not None:
        width, _, height = options["size"].partition("x")
        if not (width.isdecimal() and height.isdecimal()):
            raise ValueError(f"--size '{options['size']}' must be WIDTHxHEIGHT in pixels, such as 512x512.")
        size = int(width), int(height)
    # What is given is checked as it stands: no option may fall back on a default because it is 0.
    ClipSettings(
        DEFAULT.duration_s if duration_s is None else duration_s,
        *(size or (DEFAULT.width, DEFAULT.height)),
        DEFAULT.fps if fps is None else fps,
    )
    return Asked(size, duration_s, None if fps is None else float(Profile("ballot", 16, 16, fps).rate))


def survey_with_progress(
    prompts: Sequence[Prompt], contenders: Sequence[Contender], seeds: Sequence[int], console: Console
) -> Survey:
    columns = (TextColumn("Looking at clips"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        bar = progress.add_task("clips", total=None, visible=any(map(brings_clips, contenders)))
        return survey_clips(
            prompts=prompts,
            contenders=contenders,
            seeds=seeds,
            report=lambda done, total: progress.update(bar, completed=done, total=total),
        )


def describe_misfits(survey: Survey, track: Track) -> Iterator[str]:
    """Describe what clips that exist lack, or have too much of, for a run on a track."""
    for contender, name in survey.unknown:
        yield f"{contender}: {name} belongs to no prompt of the suite, and is left out"
    for place in survey.missing:
        yield f"{place}: no clip"
    for place, reason in survey.unusable:
        yield f"{place}: can't be shown: {reason}"
    for place in survey.without_sound() if track.with_sound else ():
        yield f"{place}: no sound, on a track where sound is judged"


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
