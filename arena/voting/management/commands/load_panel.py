from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from arena.catalog.located import FileError
from arena.catalog.reading import read_bounded
from arena.voting.admission.admitting import InvalidAdmission, load_panel
from arena.voting.admission.tickets import panel_path
from arena.voting.studies import UnknownStudy, find_study

LARGEST_BYTES = 16 * 2**20


class Command(BaseCommand):
    help = "Add the members of a panel to a study, and print each one's link."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("study")
        parser.add_argument("file", type=Path, help="text file with one external id on each line")

    def handle(self, *, study: str, file: Path, **options: object) -> None:
        try:
            found = find_study(study)
            ids = read_bounded(file, LARGEST_BYTES).decode("utf-8-sig").splitlines()
            new = load_panel(study=found, ids=[one.strip() for one in ids])
        except UnicodeDecodeError as error:
            raise CommandError(f"{file} must be UTF-8. Save it as UTF-8.") from error
        except (UnknownStudy, FileError, InvalidAdmission) as error:
            raise CommandError(str(error)) from error
        for one in dict.fromkeys(one.strip() for one in ids):
            self.stdout.write(f"{one}\t{panel_path(found, one)}")
        self.stderr.write(f"Study {study}: {new} new members of {len(set(ids))}")
