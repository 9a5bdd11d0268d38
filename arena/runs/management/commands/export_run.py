from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from arena.catalog.lookup import UnknownName
from arena.runs.manifests.writing import manifest_lines, write_manifest
from arena.runs.runs import find_run


class Command(BaseCommand):
    help = "Export the manifest of a run: a line of JSON about the run, and one for each job."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("run", help="number of the run")
        parser.add_argument("--output", type=Path, help="file to write (default: standard output)")

    def handle(self, *, run: str, output: Path | None = None, **_: object) -> None:
        try:
            found = find_run(run)
            if output is None:
                for line in manifest_lines(found):
                    self.stdout.write(line)
                return
            jobs = write_manifest(found, Path(output))
        except UnknownName as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"Can't write {output}: {error.strerror}. Choose another --output.") from error
        self.stdout.write(f"{found}: {jobs} jobs in {output}.")
