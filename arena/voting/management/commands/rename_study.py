from __future__ import annotations

from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError

from arena.voting.models import FRONT_TEXTS
from arena.voting.studies import InvalidStudy, UnknownStudy, find_study, rename_study


class Command(BaseCommand):
    help = (
        "Change a study's title, the texts of its front page, or its slug as long as it has no votes. "
        "The ledger records changed texts."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("study")
        parser.add_argument("--title", default="")
        parser.add_argument("--slug", default="", help="changes the study's address")
        for name in FRONT_TEXTS:
            option = "--" + name.replace("_", "-")
            parser.add_argument(option, help="text for the front page; '' removes it")

    def handle(self, *, study: str, title: str, slug: str, **options: str | None) -> None:
        try:
            found = find_study(study)
            texts = {name: text for name in FRONT_TEXTS if (text := options[name]) is not None}
            rename_study(study=found, title=title, slug=slug, **texts)
        except (UnknownStudy, InvalidStudy, ValueError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Study {found.slug} is called “{found.title}”.")
