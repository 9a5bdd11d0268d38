from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from arena.catalog.commitments import check_unchanged
from arena.catalog.models import Commitment
from arena.catalog.openings import ForgedOpening, check_opening


class Command(BaseCommand):
    help = "Check that revealed contenders are what was committed under their codenames."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "file",
            nargs="?",
            type=Path,
            help="opening downloaded from an arena; without it, all of this arena",
        )
        parser.add_argument(
            "--commitment",
            default="",
            help="hash that you kept from before the reveal; without it, the file's",
        )

    def handle(self, *, file: Path | None, commitment: str, **options: object) -> None:
        try:
            if file is None:
                self._check_all()
            else:
                self._check_file(_read(file), commitment)
        except ForgedOpening as error:
            raise CommandError(str(error)) from error

    def _check_file(self, entry: dict[str, Any], kept: str) -> None:
        opening = check_opening(entry.get("opening"), kept or str(entry.get("commitment", "")))
        identity = opening["identity"]
        self.stdout.write(
            f"{opening['codename']} is {identity['name']} by {identity['maker'] or 'nobody named'}."
        )

    def _check_all(self) -> None:
        revealed = Commitment.objects.filter(revealed_at__isnull=False).select_related("contender")
        for commitment in revealed:
            check_unchanged(commitment.contender, commitment)
            self.stdout.write(f"{commitment.codename} is {commitment.contender.name}: as committed.")
        self.stdout.write(f"{len(revealed)} reveals verified.")


def _read(file: Path) -> dict[str, Any]:
    try:
        entry = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CommandError(f"file must be a JSON document of an arena; got {file} ({error}).") from error
    if not isinstance(entry, dict):
        raise CommandError(f"file must be a JSON document of an arena; got {file}. Download it again.")
    return entry
