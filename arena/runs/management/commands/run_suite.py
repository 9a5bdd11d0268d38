from __future__ import annotations

import os
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, cast

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console

from arena.catalog.lookup import UnknownName, find_contenders, find_suite, find_track, split_names
from arena.catalog.tags import choose_prompts, describe_tags
from arena.runs.driver import retry_failed_jobs
from arena.runs.estimates import Wanted, describe_prices, price_run, refuse_missing_keys
from arena.runs.geometry import DEFAULT, HOSTED, choose_settings
from arena.runs.hosting import find_hosted, is_hosted
from arena.runs.models import Job, Run
from arena.runs.numbers import describe_numbers, number_run
from arena.runs.options import add_geometry, read_geometry
from arena.runs.progress import produce_with_progress, survey_with_progress
from arena.runs.remarks import summarise_remarks
from arena.runs.replacements import retire_replaced
from arena.runs.runs import plan_run
from arena.runs.shown import describe_changes
from arena.runs.spending import add_caps, describe_caps, read_caps, refuse_unaffordable, set_caps
from arena.runs.survey import Survey
from arena.runs.unfinished import describe_failures, describe_held, describe_refusals
from generators.base import LARGEST_SEED, Track


class Command(BaseCommand):
    help = "Make the clips of a suite: one job for each contender, prompt and seed. Run again to resume."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("suite", help="name, or name@version (default: the newest)")
        parser.add_argument("--contenders", required=True, help="slugs with commas between")
        parser.add_argument("--seeds", default="", help="such as 0,1 (default: those of each prompt)")
        parser.add_argument("--tags", default="", help="only prompts with one of these, such as music,speech")
        parser.add_argument("--exclude-tags", default="", help="no prompts with one of these")
        parser.add_argument("--track", default="t2v-audio", help="t2v, i2v, t2v-audio or i2v-audio")
        add_geometry(parser)
        parser.add_argument(
            "--workers", type=int, default=os.cpu_count() or 1, help="clips made or encoded here side by side"
        )
        parser.add_argument(
            "--concurrency", type=int, help="jobs at providers side by side (default: what accounts may have)"
        )
        add_caps(parser)
        parser.add_argument("--retry-failed", action="store_true", help="try clips that failed again")
        parser.add_argument("--dry-run", action="store_true", help="say what would be made and its price")

    def handle(self, **options: object) -> None:
        try:
            workers = _at_least_1("--workers", cast(int, options["workers"]))
            planned = self._plan(options)
            if planned is None:
                return
            concurrency = _concurrency(cast(int | None, options["concurrency"]), planned)
        except (UnknownName, ValueError) as error:
            raise CommandError(str(error)) from error
        if options["retry_failed"]:
            retry_failed_jobs(planned)
        states = produce_with_progress(planned, workers=workers, concurrency=concurrency, console=Console())
        self._tell(planned, states)
        if told := [text for text in (describe_failures(planned), describe_held(planned)) if text]:
            raise CommandError("\n".join(told))

    def _plan(self, options: Mapping[str, Any]) -> Run | None:
        """Plan the run with its caps; None after a dry run."""
        suite = find_suite(options["suite"])
        contenders = find_contenders(split_names(options["contenders"]))
        seeds, caps = _seeds(options["seeds"]), read_caps(options)
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
        default = HOSTED if any(map(is_hosted, contenders)) else DEFAULT
        chosen = choose_settings(
            asked=asked, survey=survey, allow_short=bool(options["allow_short"]), default=default
        )
        prices = price_run(Wanted(contenders, chosen_prompts, seeds, track, chosen.settings))
        if options["dry_run"]:
            self.stdout.write("\n".join(describe_prices(prices)))
        refuse_unaffordable(caps, contenders, prices)
        for line in describe_caps(caps, prices):
            self.stdout.write(line)
        if options["dry_run"]:
            return None
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
        set_caps(run, caps)
        if tags or exclude_tags:
            kept = f"{len(chosen_prompts)} of {len(prompts)} prompts"
            self.stdout.write(f"{run}: {kept}, {describe_tags(tags, exclude_tags)}.")
        self.stdout.write(f"{run}: {run.jobs.count()} clips of {chosen.settings} ({chosen.why}).")
        return run

    def _tell(self, run: Run, states: Counter[str]) -> None:
        done, failed = states[Job.State.SUCCEEDED], sum(states[state] for state in Job.WITHOUT_CLIP)
        self.stdout.write(f"{run}: {done} done, {failed} failed.")
        if run.submissions.exists():
            self.stdout.write("\n".join(describe_numbers(number_run(run))))
        for line in [*describe_changes(run), *summarise_remarks(run), *describe_refusals(run)]:
            self.stdout.write(line)


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


def _at_least_1(option: str, number: int) -> int:
    if number < 1:
        raise ValueError(f"{option} must be at least 1; got {number}.")
    return number


def _concurrency(given: int | None, run: Run) -> int:
    """Return the number of jobs at providers side by side: as given, else what the accounts may have."""
    if given is not None:
        return _at_least_1("--concurrency", given)
    hosted = [find_hosted(contender) for contender in run.contenders.all()]
    accounts = {each.provider_name: each.concurrency for each in hosted if each is not None}
    return max(1, sum(accounts.values()))


def _seeds(text: str) -> list[int]:
    parts = split_names(text)
    if not all(part.isdecimal() for part in parts):
        raise ValueError(f"--seeds '{text}' must be whole numbers from 0 with commas between, such as 0,1.")
    # Python refuses to read numbers of thousands of digits; one digit more than allowed is too large as well.
    return [int(part.lstrip("0")[: len(str(LARGEST_SEED)) + 1] or "0") for part in parts]
