from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from arena.operations.backups import CantBackUp, back_up
from arena.voting.copying import CantCopy
from arena.voting.ledger import BrokenLedger


class Command(BaseCommand):
    help = (
        "Back the whole site up into a new folder: database, media, snapshots and keys. Voting may go on. "
        "Every ledger is verified. The folder holds secrets: keep it as you keep the site's own data."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("path", type=Path, help="folder to make")

    def handle(self, *, path: Path, verbosity: int, **options: object) -> None:
        try:
            made = back_up(path, self.stdout.write if verbosity > 1 else lambda table: None)
        except (CantBackUp, CantCopy, BrokenLedger) as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"PATH must take the backup; got {error}. Nothing was kept.") from error
        for name in made.missing:
            self.stderr.write(f"Missing or damaged, and not in the backup: {name}")
        for slug, entries in made.copied.entries.items():
            self.stdout.write(f"Study {slug}: {entries} entries, unbroken")
        self.stdout.write(f"Backed up {made.copied.rows} rows and {made.files} files to {path}.")
