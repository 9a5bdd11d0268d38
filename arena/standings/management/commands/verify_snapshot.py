from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from arena.signing import UnusableKey
from arena.standings.snapshots.manifest import BadSnapshot
from arena.standings.snapshots.package import BadPackage
from arena.standings.snapshots.verifying import verify_snapshot
from arena.standings.snapshots.votes import MissingParquet


class Command(BaseCommand):
    help = "Replay a snapshot without a database; name the first difference and exit 1."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("path", type=Path, help="folder or zip file")
        parser.add_argument("--key", default="", help="public key of the site, which must have signed it")

    def handle(self, *, path: Path, key: str, **options: object) -> None:
        try:
            found = verify_snapshot(path, key)
        except (BadPackage, BadSnapshot, MissingParquet, UnusableKey, OSError) as error:
            raise CommandError(str(error)) from error
        about = found.manifest
        self.stdout.write(
            f"Study {about['study']}, {about['votes']} votes, ledger head {about['ledger']['head']}\n"
            f"Identical: {found.files} files as signed, {found.tables} tables as the votes give them, to the "
            "last printed digit"
        )
        whose = "the key that you gave" if key else "a key that wasn't compared (give the site's by --key)"
        self.stdout.write(f"Signed by {about['site_key']}, {whose}")
