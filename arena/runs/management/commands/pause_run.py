from __future__ import annotations

from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError

from arena.catalog.lookup import UnknownName
from arena.runs.controls import pause_run
from arena.runs.runs import find_run


class Command(BaseCommand):
    help = "Pause a run: no further clip is begun, and those that are being made are finished."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("run", help="number of the run")

    def handle(self, *, run: str, **options: object) -> None:
        try:
            found = find_run(run)
        except UnknownName as error:
            raise CommandError(str(error)) from error
        pause_run(found)
        self.stdout.write(f"Paused {found}. Go on with: manage.py make_run {run}")
