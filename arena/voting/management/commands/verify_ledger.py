from __future__ import annotations

from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError

from arena.voting.ledger import BrokenLedger, ledger_head, verify_ledger
from arena.voting.studies import UnknownStudy, find_study


class Command(BaseCommand):
    help = "Recompute a study's ledger and compare it with the votes; name the first bad entry and exit 1."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("study")

    def handle(self, *, study: str, **options: object) -> None:
        try:
            found = find_study(study)
            entries = verify_ledger(found)
        except (UnknownStudy, BrokenLedger) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Study {study}: {entries} entries, unbroken up to {ledger_head(found)}")
