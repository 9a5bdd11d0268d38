from __future__ import annotations

from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError

from arena.signing import UnusableKey
from arena.voting.heads import PublishedHead, check_published
from arena.voting.ledger import BrokenLedger, ledger_head, verify_ledger
from arena.voting.studies import UnknownStudy, find_study


class Command(BaseCommand):
    help = "Recompute a study's ledger and compare it with the votes; name the first bad entry and exit 1."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("study")
        parser.add_argument(
            "--published",
            default="",
            metavar="HEAD",
            help="hash of a head that was published before, or a file with one as the API gives it",
        )

    def handle(self, *, study: str, published: str, **options: object) -> None:
        try:
            found = find_study(study)
            entries = verify_ledger(found)
            number = check_published(found, published) if published else None
        except (UnknownStudy, BrokenLedger, PublishedHead, UnusableKey, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Study {study}: {entries} entries, unbroken up to {ledger_head(found)}")
        if number is not None:
            self.stdout.write(f"The published head is that of entry {number}")
