from __future__ import annotations

import os
from argparse import ArgumentParser
from collections.abc import Iterator, Mapping
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console

from arena.catalog.lookup import UnknownName, find_contenders, find_suite, find_track, split_names
from arena.catalog.tags import choose_prompts, describe_tags
from arena.runs.driver import retry_failed_jobs
from arena.runs.estimates import Wanted, describe_prices, price_run, refuse_missing_keys, require_budget
from arena.runs.geometry import choose_settings
from arena.runs.models import Job
from arena.runs.options import add_geometry, read_geometry
from arena.runs.progress import produce_with_progress, survey_with_progress
from arena.runs.remarks import summarise_remarks
from arena.runs.replacements import retire_replaced
from arena.runs.runs import describe_failures, plan_run
from arena.runs.shown import describe_changes
from arena.runs.survey import Survey
from generators.base import LARGEST_SEED, Track


class Command(BaseCommand):
    help = "Make the clips of a suite: one job for each contender, prompt and seed. Run again to resume."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("suite", help="name, or name@version (default: the newest)")
        parser.add_argument("--contenders", required=True, help="slugs with commas between")
        parser.add_argument("--seeds", default="", help="such as 0,1 (default: those of each prompt)")
        parser.add_argument("--tags", default="", help="only prompts with one of these, such as music,speech")
        parser.add_argument("--exclude-tags", default="", help="no prompts with one of these")
        parser.add_argument("--track", required=True, help="t2v, i2v, t2v-audio or i2v-audio")
        add_geometry(parser)
        parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="jobs side by side")
        parser.add_argument("--retry-failed", action="store_true", help="try failed jobs again")
        parser.add_argument("--max-usd", type=float, help="refuse a run that is expected to cost more")
        parser.add_argument(
            "--accept-stale-prices",
            action="store_true",
            help="keep --max-usd with missing or old prices",
        )
        parser.add_argument("--dry-run", action="store_true", help="say what would be made and its price")

    def handle(self, **options: str) -> None:
        try:
            workers = _workers(int(options["workers"]))
            suite = find_suite(options["suite"])
            contenders = find_contenders(split_names(options["contenders"]))
            seeds = _seeds(options["seeds"])
            tags, exclude_tags = split_names(options["tags"]), split_names(options["exclude_tags"])
            prompts = list(suite.prompts.all())
            chosen_prompts = choose_prompts(prompts, tags=tags, exclude_tags=exclude_tags)
            track = find_track(options["track"])
            asked = read_geometry(options)
            survey = survey_with_progress(
                chosen_prompts, contenders, seeds, Console(), known={prompt.key for prompt in prompts}
            )
            for line in describe_misfits(survey, track):
                self.stdout.write(line)
            chosen = choose_settings(asked=asked, survey=survey, allow_short=bool(options["allow_short"]))
            wanted = Wanted(contenders, chosen_prompts, seeds, track, chosen.settings)
            self._check_price(wanted, options)
            if options["dry_run"]:
                return
            refuse_missing_keys(contenders)
            for place in retire_replaced(suite=suite, clips=survey.clips):
                self.stdout.write(f"{place}: the file was replaced, and is taken in as a new clip")
            run = plan_run(
                suite=suite,
                contenders=contenders,
                seeds=seeds,
                track=track,
                clip_settings=chosen.settings,
                tags=tags,
                exclude_tags=exclude_tags,
            )
        except (UnknownName, ValueError) as error:
            raise CommandError(str(error)) from error
        if options["retry_failed"]:
            retry_failed_jobs(run)
        if tags or exclude_tags:
            kept = f"{len(chosen_prompts)} of {len(prompts)} prompts"
            self.stdout.write(f"{run}: {kept}, {describe_tags(tags, exclude_tags)}.")
        self.stdout.write(f"{run}: {run.jobs.count()} clips of {chosen.settings} ({chosen.why}).")
        states = produce_with_progress(run, workers=workers, console=Console())
        self.stdout.write(f"{run}: {states[Job.State.DONE]} done, {states[Job.State.FAILED]} failed.")
        for line in [*describe_changes(run), *summarise_remarks(run)]:
            self.stdout.write(line)
        if states[Job.State.FAILED]:
            raise CommandError(describe_failures(run))

    def _check_price(self, wanted: Wanted, options: Mapping[str, Any]) -> None:
        prices = price_run(wanted)
        if options["dry_run"]:
            self.stdout.write("\n".join(describe_prices(prices)))
        if options["max_usd"] is not None:
            accept_stale = bool(options["accept_stale_prices"])
            require_budget(prices, max_usd=float(options["max_usd"]), accept_stale=accept_stale)


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


def _workers(number: int) -> int:
    if number < 1:
        raise ValueError(f"--workers must be at least 1; got {number}.")
    return number


def _seeds(text: str) -> list[int]:
    parts = split_names(text)
    if not all(part.isdecimal() for part in parts):
        raise ValueError(f"--seeds '{text}' must be whole numbers from 0 with commas between, such as 0,1.")
    # Python refuses to read numbers of thousands of digits; one digit more than allowed is too large as well.
    return [int(part.lstrip("0")[: len(str(LARGEST_SEED)) + 1] or "0") for part in parts]
