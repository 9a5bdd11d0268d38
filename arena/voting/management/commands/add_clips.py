from __future__ import annotations

import os
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO, Any, cast

from django.core.management.base import BaseCommand, CommandError
from django.urls import reverse
from rich.console import Console
from rich.table import Table

from arena.catalog.lookup import UnknownName, find_track
from arena.catalog.models import Prompt
from arena.catalog.prompt_lists import read_prompt_list
from arena.database import set_up_new_database
from arena.runs.driver import retry_failed_jobs
from arena.runs.geometry import Chosen, choose_settings, describe_form
from arena.runs.models import Job, Run
from arena.runs.options import add_geometry, read_geometry
from arena.runs.progress import produce_with_progress, survey_with_progress
from arena.runs.remarks import summarise_remarks
from arena.runs.shown import describe_changes
from arena.runs.survey import FoundClip, Place, Survey
from arena.runs.unfinished import describe_failures
from arena.voting.adding import Added, add_clips, choose_track, find_own_suite, open_on_clips, refuse_clashes
from arena.voting.models import FRONT_TEXTS, Study
from arena.voting.rules import refuse_other_words
from arena.voting.sources import Source, find_prompts, read_sources
from arena.voting.studies import QUESTION, refuse_invalid
from generators.base import Track

SHOWN = 6


class Command(BaseCommand):
    help = (
        "Open a study on clips that you have: one folder for each model, with files named by prompt, such as "
        "red-ball.mp4, or red-ball-1.mp4 with a seed. Run it again to take in new and replaced files."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("study", help="1 to 64 letters, digits, '-' and '_': part of the address")
        parser.add_argument("folders", nargs="+", metavar="DIR", help="a model's folder, or NAME=DIR")
        parser.add_argument(
            "--prompts",
            type=Path,
            metavar="FILE",
            help="CSV with the columns id and text, text file with one prompt a line, or suite file "
            "(default: file names are the prompts)",
        )
        parser.add_argument("--title", default="", help="(default: the study's name)")
        parser.add_argument("--question", default=QUESTION)
        parser.add_argument("--asked-by", default="", help="person or organisation, for the front page")
        parser.add_argument("--introduction", default="", help="two sentences for the front page")
        parser.add_argument("--contact", default="", help="e-mail or web address for questions")
        parser.add_argument(
            "--track", default="", help="t2v or t2v-audio (default: t2v-audio if all clips have sound)"
        )
        add_geometry(parser)
        parser.add_argument(
            "--workers", type=int, default=os.cpu_count() or 1, help="number of clips made at once"
        )

    def handle(self, **options: Any) -> None:  # noqa: ANN401 - options of several types
        """Look at clips, report, save, make renditions, report, open the study."""
        if set_up_new_database():
            self.stdout.write("Set up a new database.")
        try:
            self._add(options)
        except (UnknownName, ValueError) as error:
            raise CommandError(str(error)) from error

    def _add(self, options: dict[str, Any]) -> None:
        slug = options["study"]
        study = Study.objects.filter(slug=slug).first()
        words = _check_words(options, study)
        asked, sources = read_geometry(options), read_sources(options["folders"])
        asked_track = find_track(options["track"]) if options["track"] else None
        listed = read_prompt_list(options["prompts"]) if options["prompts"] else []
        prompts = find_prompts(sources, listed, find_own_suite(slug))
        survey = self._survey(sources, prompts)
        chosen = choose_settings(asked=asked, survey=survey, allow_short=options["allow_short"])
        track = choose_track(survey, study, asked_track)
        self._tell_track(track, survey)
        added = add_clips(
            slug=slug,
            title=words["title"],
            sources=sources,
            prompts=prompts,
            survey=survey,
            track=track,
            settings=chosen.settings,
        )
        self._tell_added(added, chosen)
        self._produce(added.run, options["workers"])
        self._tell_study(open_on_clips(slug=slug, added=added, **words))

    def _survey(self, sources: Sequence[Source], prompts: Sequence[Prompt]) -> Survey:
        survey = survey_with_progress(prompts, [source.contender for source in sources], [], Console())
        Console(file=cast(IO[str], self.stdout)).print(_table(sources, survey))
        refuse_clashes(survey)
        return survey

    def _produce(self, run: Run, workers: int) -> None:
        retry_failed_jobs(run)
        states = produce_with_progress(run, workers=workers, console=Console())
        for line in [*describe_changes(run), *summarise_remarks(run)]:
            self.stdout.write(line)
        if states[Job.State.FAILED]:
            raise CommandError(describe_failures(run))

    def _tell_added(self, added: Added, chosen: Chosen) -> None:
        for place in added.replaced:
            self.stdout.write(f"{place}: the file was replaced, and is taken in as a new clip")
        self.stdout.write(
            f"{added.new} of {added.run.jobs.count()} clips are new. "
            f"All are shown at {chosen.settings} ({chosen.why})."
        )

    def _tell_study(self, study: Study) -> None:
        slug = study.slug
        state = "is open" if study.is_open else f"is closed (manage.py reopen_study {slug} opens it)"
        self.stdout.write(f"Study {slug} {state}: {reverse('start', args=[slug])}")
        self.stdout.write("Serve it to others with: manage.py serve")

    def _tell_track(self, track: Track, survey: Survey) -> None:
        silent = survey.without_sound()
        if track.with_sound and silent:
            self.stdout.write(f"Sound is judged, but {len(silent)} of {len(survey.clips)} clips have none.")
        elif not track.with_sound and len(silent) < len(survey.clips):
            why = f"as {len(silent)} of {len(survey.clips)} clips have none" if silent else "as --track says"
            self.stdout.write(f"Sound is left out and not judged, {why}. --track t2v-audio has it judged.")


def _check_words(options: dict[str, Any], study: Study | None) -> dict[str, str]:
    """Return title, question and front page of the study; refuse those that it can't have."""
    slug = options["study"]
    present = study.title if study else slug.replace("-", " ").replace("_", " ").capitalize()
    words = {name: str(options[name]) for name in ("question", *FRONT_TEXTS)}
    words["title"] = options["title"] or present
    asked = Study(slug=slug, tracks=[Track.T2V], **words)
    refuse_invalid(asked)
    if study is not None:
        refuse_other_words(study, asked)
    return words


def _table(sources: Sequence[Source], survey: Survey) -> Table:
    table = Table("model", "clips", "size, rate, length", "sound", "doesn't match")
    silent = Counter(place.contender for place in survey.without_sound())
    for source in sources:
        slug = source.contender.slug
        clips = [clip for clip in survey.clips if clip.place.contender == slug]
        heard = f"{len(clips) - silent[slug]} of {len(clips)}"
        table.add_row(slug, str(len(clips)), _forms(clips), heard, _misfits(source, survey))
    return table


def _forms(clips: Sequence[FoundClip]) -> str:
    """Return each form of the clips on a line, with its number of clips if there are several forms."""
    forms = Counter(describe_form(clip) for clip in clips).most_common()
    if len(forms) == 1:
        return forms[0][0]
    return "\n".join(f"{form} ({number})" for form, number in forms)


def _misfits(source: Source, survey: Survey) -> str:
    """Return each kind of file or prompt that doesn't match on a line, or a hyphen."""
    slug = source.contender.slug
    lines = [
        *_named("no clip for", _places(survey.missing, slug)),
        *_named("no such prompt:", [name for who, name in survey.unknown if who == slug]),
        *_named("can't be shown:", _places([place for place, _ in survey.unusable], slug)),
        *_named("not a clip:", source.clips.others),
    ]
    return "\n".join(lines) or "-"


def _places(places: Sequence[Place], slug: str) -> list[str]:
    own = [place for place in places if place.contender == slug]
    return [f"{place.prompt}-{place.seed}" if place.seed else place.prompt for place in own]


def _named(what: str, names: Sequence[str]) -> Iterable[str]:
    if names:
        more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
        yield f"{what} {', '.join(names[:SHOWN])}{more}"
