from __future__ import annotations

from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError

from arena.voting.clip_settings import UnclearSettings
from arena.voting.openings import NothingToShow, StudyState, reopen_study
from arena.voting.studies import UnknownStudy, find_study


class Command(BaseCommand):
    help = "Open a paused or closed study, with the rules that it has. The ledger records the opening."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("study")
        parser.add_argument("--reason", default="", help="sentence for readers of the ledger")

    def handle(self, *, study: str, reason: str, **options: object) -> None:
        try:
            reopen_study(study=find_study(study), reason=reason)
        except (UnknownStudy, StudyState, NothingToShow, UnclearSettings) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Reopened study {study}.")
