from __future__ import annotations

from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError

from arena.catalog.lookup import UnknownName
from arena.runs.controls import cancel_run
from arena.runs.runs import find_run


class Command(BaseCommand):
    help = "Cancel the clips of a run that were not begun; those that are being made are finished."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("run", help="number of the run")

    def handle(self, *, run: str, **options: object) -> None:
        try:
            found = find_run(run)
        except UnknownName as error:
            raise CommandError(str(error)) from error
        cancelled = cancel_run(found)
        self.stdout.write(
            f"{found}: {cancelled} clips cancelled. "
            f"Make them after all: manage.py make_run {run} --retry-failed"
        )
