from __future__ import annotations

from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError

from arena.voting.openings import StudyState, pause_study
from arena.voting.studies import UnknownStudy, find_study


class Command(BaseCommand):
    help = (
        "Pause a study: it shows no new pairs, and votes on open pairs count. The ledger records the pause."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("study")
        parser.add_argument("--reason", default="", help="sentence for readers of the ledger")

    def handle(self, *, study: str, reason: str, **options: object) -> None:
        try:
            pause_study(study=find_study(study), reason=reason)
        except (UnknownStudy, StudyState) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Paused study {study}. Open it again with: manage.py reopen_study {study}")
