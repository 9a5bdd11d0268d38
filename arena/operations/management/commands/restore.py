from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from arena.operations.backups import CantRestore, restore
from arena.voting.copying import CantCopy
from arena.voting.ledger import BrokenLedger


class Command(BaseCommand):
    help = (
        "Restore a backup into this site, which must be empty, on SQLite or PostgreSQL. Every ledger is "
        "verified before anything is kept; a backup of an earlier version is brought to this one."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("path", type=Path, help="folder that manage.py backup wrote")

    def handle(self, *, path: Path, verbosity: int, **options: object) -> None:
        try:
            copied = restore(path, self.stdout.write if verbosity > 1 else lambda table: None)
        except (CantRestore, CantCopy, BrokenLedger) as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"The site must take the files; got {error}. Nothing was kept.") from error
        for slug, entries in copied.entries.items():
            self.stdout.write(f"Study {slug}: {entries} entries, unbroken")
        self.stdout.write(f"Restored {copied.rows} rows of {copied.tables} tables, and all files.")
