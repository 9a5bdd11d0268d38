from __future__ import annotations

from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError

from arena.voting.copying import CantCopy, copy_site
from arena.voting.ledger import BrokenLedger


class Command(BaseCommand):
    help = (
        "Copy the site's whole database to an empty one, as from SQLite to PostgreSQL, and verify every "
        "ledger there. Stop the site before. Media files are not copied: they stay in DATA_DIR or the bucket."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("url", help="address of the empty database, as for DATABASE_URL")

    def handle(self, *, url: str, verbosity: int, **options: object) -> None:
        def report(table: str) -> None:
            if verbosity > 1:
                self.stdout.write(table)

        try:
            copied = copy_site(url, report)
        except (CantCopy, BrokenLedger) as error:
            raise CommandError(str(error)) from error
        for slug, entries in copied.entries.items():
            self.stdout.write(f"Study {slug}: {entries} entries, unbroken")
        self.stdout.write(f"Copied {copied.rows} rows of {copied.tables} tables. Now set DATABASE_URL to it.")
