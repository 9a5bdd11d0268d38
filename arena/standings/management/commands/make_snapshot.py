from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from arena.signing import UnusableKey
from arena.standings.snapshots.making import NothingToFreeze, OtherBoard, StillShown, make_snapshot
from arena.standings.snapshots.package import BadPackage
from arena.standings.snapshots.votes import MissingParquet
from arena.voting.studies import UnknownStudy, find_study

REFUSALS = (
    UnknownStudy,
    NothingToFreeze,
    StillShown,
    OtherBoard,
    BadPackage,
    MissingParquet,
    UnusableKey,
    OSError,
)


class Command(BaseCommand):
    help = "Freeze a study: votes, rules, tables, figures and a signed manifest that anyone can verify."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("study")
        parser.add_argument(
            "--out", type=Path, help="new folder or zip file (default: in DATA_DIR/snapshots)"
        )
        parser.add_argument("--zip", action="store_true", help="write one zip file instead of a folder")

        parser.add_argument(
            "--clip-facts",
            action="store_true",
            help="write features of clips that are still shown; keep the snapshot to yourself",
        )

    def handle(self, *, study: str, out: Path | None, zip: bool, clip_facts: bool, **options: object) -> None:
        try:
            made = make_snapshot(find_study(study), out, as_zip=zip, clip_facts=clip_facts)
        except REFUSALS as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"Wrote {made.path}\nLedger head {made.ledger_head}\nManifest {made.manifest_sha256}"
        )
