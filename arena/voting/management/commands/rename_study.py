from __future__ import annotations

from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError

from arena.voting.studies import FRONT_TEXTS, InvalidStudy, UnknownStudy, find_study, rename_study


class Command(BaseCommand):
    help = (
        "Give a study another title or other texts on its front page; or another slug, as long as nobody has "
        "voted in it. Changed texts are recorded in its ledger."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("study")
        parser.add_argument("--title", default="")
        parser.add_argument("--slug", default="", help="changes the study's address")
        for name in FRONT_TEXTS:
            option = "--" + name.replace("_", "-")
            parser.add_argument(option, help="for the study's front page; '' takes it away")

    def handle(self, *, study: str, title: str, slug: str, **options: str | None) -> None:
        try:
            found = find_study(study)
            texts = {name: text for name in FRONT_TEXTS if (text := options[name]) is not None}
            rename_study(study=found, title=title, slug=slug, **texts)
        except (UnknownStudy, InvalidStudy, ValueError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Study {found.slug} is called “{found.title}”.")
