"""Survey and make clips with a progress bar, for commands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

from django.core.management.base import CommandError
from rich.console import Console

from arena.catalog.models import Contender, Prompt
from arena.runs.driver import produce
from arena.runs.models import Job, Run
from arena.runs.survey import Survey, brings_clips, survey_clips
from arena.terminal import counting
from generators.full_disk import DiskFull


def survey_with_progress(
    prompts: Sequence[Prompt],
    contenders: Sequence[Contender],
    seeds: Sequence[int],
    console: Console,
    *,
    known: Collection[str] = (),
) -> Survey:
    """Look at the clips that contenders bring; the bar goes away afterwards."""
    visible = any(map(brings_clips, contenders))
    with counting("Looking at clips", None, console, passing=True, visible=visible) as show:
        return survey_clips(prompts=prompts, contenders=contenders, seeds=seeds, known=known, report=show)


def produce_with_progress(run: Run, *, workers: int, console: Console, concurrency: int = 1) -> Counter[str]:
    """Make the clips of a run; return how many jobs are in each state.

    Raises:
        CommandError: the disk is full.
    """
    with counting("Making clips", run.jobs.count(), console) as show:
        try:
            return produce(
                run,
                workers=workers,
                concurrency=concurrency,
                report=lambda states: show(states.total() - sum(states[state] for state in Job.OPEN)),
            )
        except DiskFull as error:
            raise CommandError(str(error)) from error
