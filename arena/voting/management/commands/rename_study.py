from __future__ import annotations

from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError

from arena.voting.studies import InvalidStudy, UnknownStudy, find_study, rename_study


class Command(BaseCommand):
    help = "Give a study another title; or another slug, as long as nobody has voted in it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("study")
        parser.add_argument("--title", default="")
        parser.add_argument("--slug", default="", help="changes the study's address")

    def handle(self, *, study: str, title: str, slug: str, **options: object) -> None:
        try:
            found = find_study(study)
            rename_study(study=found, title=title, slug=slug)
        except (UnknownStudy, InvalidStudy, ValueError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Study {found.slug} is called “{found.title}”.")
