from __future__ import annotations

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from arena.catalog.lookup import UnknownName, find_contenders, find_suite, find_track, split_names
from arena.runs.clip_settings import ClipSettings
from arena.runs.models import Run
from arena.runs.runs import find_run
from arena.voting.coverage import cover_study, describe_coverage
from arena.voting.fit_options import add_fit_arguments, fit_of
from arena.voting.fit_settings import FitSettings
from arena.voting.models import Study
from arena.voting.openings import never_opened
from arena.voting.pairing import has_pair
from arena.voting.pairing.goals import KNOWN, UNIFORM
from arena.voting.pairing.twins import describe_twins
from arena.voting.studies import QUESTION, create_study
from arena.voting.terms_file import describe_terms, read_terms


class Command(BaseCommand):
    help = "Create a study with fixed rules, and open it if its clips are made."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", help="1 to 64 letters, digits, '-' and '_': part of the address")
        parser.add_argument("--title", required=True)
        parser.add_argument("--tracks", required=True, help="separated by commas, such as t2v-audio")
        parser.add_argument("--suites", required=True, help="names, or name@version, separated by commas")
        parser.add_argument("--contenders", required=True, help="slugs, separated by commas")
        parser.add_argument(
            "--run",
            default="",
            help="numbers of the runs whose clips to show (default: all, if their settings agree)",
        )
        parser.add_argument("--question", default=QUESTION)
        parser.add_argument("--asked-by", default="", help="person or organisation, for the front page")
        parser.add_argument("--introduction", default="", help="two sentences for the front page")
        parser.add_argument("--contact", default="", help="e-mail or web address for questions")
        parser.add_argument("--pairing", default=UNIFORM, help=f"what the next pairs are chosen for: {KNOWN}")
        parser.add_argument("--terms", metavar="FILE.yaml", help="terms of the study, listed below")
        parser.epilog = describe_terms()
        parser.formatter_class = RawDescriptionHelpFormatter
        add_fit_arguments(parser)
        parser.add_argument(
            "--closed", action="store_true", help="do not open it yet; manage.py reopen_study does"
        )
        parser.add_argument("--simulated", action="store_true", help="for simulated raters only")

    def handle(self, **options: str) -> None:
        try:
            study, created = create_study(
                slug=options["slug"],
                title=options["title"],
                question=options["question"],
                asked_by=options["asked_by"],
                introduction=options["introduction"],
                contact=options["contact"],
                tracks=[find_track(name) for name in split_names(options["tracks"])],
                suites=[find_suite(name) for name in split_names(options["suites"])],
                contenders=find_contenders(split_names(options["contenders"])),
                runs=_runs(options["run"]),
                simulated=bool(options["simulated"]),
                pairing=options["pairing"],
                fit=fit_of(options, FitSettings()),
                terms=read_terms(Path(options["terms"])) if options["terms"] else None,
                opens=not options["closed"],
            )
        except (UnknownName, ValueError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{'Created' if created else 'Already there:'} study {describe(study)}")
        for track in study.tracks:
            for line in describe_coverage(cover_study(study, track)):
                self.stdout.write(f"{track}: {line}")
            for line in describe_twins(study, track):
                self.stdout.write(f"{track}: {line}")
        if options["closed"] and never_opened(study):
            self.stdout.write(f"It is closed. Open it with: manage.py reopen_study {study.slug}")
        elif never_opened(study) and has_pair(study):
            self.stdout.write(
                "It is closed, since gold and training pairs need degraded twins of its clips. "
                f"Make them with manage.py make_twins {study.slug}, then: manage.py reopen_study {study.slug}"
            )
        elif never_opened(study):
            self.stdout.write(
                "It is closed, since no two of its contenders have clips of one prompt, seed and settings. "
                f"Make them with manage.py run_suite, then: manage.py reopen_study {study.slug}"
            )


def describe(study: Study) -> str:
    """Return a study's slug, address and clip settings in one line."""
    clips = "; ".join(f"{settings['track']}: {ClipSettings.of(settings)}" for settings in study.clip_settings)
    clips = clips or "none yet"
    return f"{study.slug}, /studies/{study.slug}/start/, clips {clips}"


def _runs(text: str) -> list[Run]:
    return [find_run(number) for number in split_names(text)]
