from __future__ import annotations

import os
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, cast

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console

from arena.catalog.lookup import UnknownName, find_contenders, find_suite, find_track, split_names
from arena.catalog.models import Contender, Prompt
from arena.catalog.tags import describe_tags
from arena.runs.controls import resume_run
from arena.runs.driver import retry_failed_jobs
from arena.runs.estimates import describe_prices
from arena.runs.hosting import accounts_concurrency
from arena.runs.models import Job, Run
from arena.runs.numbers import describe_numbers, number_run
from arena.runs.options import add_geometry, read_geometry
from arena.runs.planning import (
    Draft,
    Order,
    check_affordable,
    describe_misfits,
    draft_run,
    place_run,
    read_seeds,
)
from arena.runs.progress import produce_with_progress, survey_with_progress
from arena.runs.remarks import summarise_remarks
from arena.runs.shown import describe_changes
from arena.runs.spending import add_caps, read_caps
from arena.runs.survey import Survey
from arena.runs.unfinished import describe_failures, describe_held, describe_refusals


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
            given = cast(int | None, options["concurrency"])
            concurrency = (
                accounts_concurrency(planned) if given is None else _at_least_1("--concurrency", given)
            )
        except (UnknownName, ValueError) as error:
            raise CommandError(str(error)) from error
        if options["retry_failed"]:
            retry_failed_jobs(planned)
        resume_run(planned)
        states = produce_with_progress(planned, workers=workers, concurrency=concurrency, console=Console())
        self._tell(planned, states)
        if told := [text for text in (describe_failures(planned), describe_held(planned)) if text]:
            raise CommandError("\n".join(told))

    def _plan(self, options: Mapping[str, Any]) -> Run | None:
        """Plan the run with its caps; None after a dry run."""
        draft = draft_run(_order(options), _survey)
        for line in describe_misfits(draft.survey, draft.order.track):
            self.stdout.write(line)
        if options["dry_run"]:
            self.stdout.write("\n".join(describe_prices(draft.prices)))
        for line in check_affordable(draft):
            self.stdout.write(line)
        if options["dry_run"]:
            return None
        placed = place_run(draft)
        for place in placed.replaced:
            self.stdout.write(f"{place}: the file was replaced, and is taken in as a new clip")
        self._tell_planned(placed.run, draft)
        return placed.run

    def _tell_planned(self, run: Run, draft: Draft) -> None:
        order, chosen = draft.order, draft.chosen
        if order.tags or order.exclude_tags:
            kept = f"{len(draft.prompts)} of {draft.number_of_prompts} prompts"
            self.stdout.write(f"{run}: {kept}, {describe_tags(order.tags, order.exclude_tags)}.")
        self.stdout.write(f"{run}: {run.jobs.count()} clips of {chosen.settings} ({chosen.why}).")

    def _tell(self, run: Run, states: Counter[str]) -> None:
        done, failed = states[Job.State.SUCCEEDED], sum(states[state] for state in Job.WITHOUT_CLIP)
        self.stdout.write(f"{run}: {done} done, {failed} failed.")
        if run.submissions.exists():
            self.stdout.write("\n".join(describe_numbers(number_run(run))))
        for line in [*describe_changes(run), *summarise_remarks(run), *describe_refusals(run)]:
            self.stdout.write(line)


def _order(options: Mapping[str, Any]) -> Order:
    return Order(
        suite=find_suite(options["suite"]),
        contenders=find_contenders(split_names(options["contenders"])),
        track=find_track(options["track"]),
        caps=read_caps(options),
        seeds=read_seeds(options["seeds"]),
        tags=split_names(options["tags"]),
        exclude_tags=split_names(options["exclude_tags"]),
        asked=read_geometry(options),
        allow_short=bool(options["allow_short"]),
    )


def _survey(
    prompts: Sequence[Prompt], contenders: Sequence[Contender], seeds: Sequence[int], known: Sequence[str]
) -> Survey:
    return survey_with_progress(prompts, contenders, seeds, Console(), known=known)


def _at_least_1(option: str, number: int) -> int:
    if number < 1:
        raise ValueError(f"{option} must be at least 1; got {number}.")
    return number
