from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from arena.catalog.bundled import bundled_suites, suite_path
from arena.catalog.located import FileError
from arena.catalog.suites import load_suite


class Command(BaseCommand):
    help = "Load a suite of prompts (YAML, JSONL or CSV). The same file twice changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        names = ", ".join(bundled_suites())
        parser.add_argument("path", type=Path, help=f"the file, or the name of one that is here: {names}")

    def handle(self, *, path: Path, **options: object) -> None:
        try:
            suite, created = load_suite(path=suite_path(path))
        except FileError as error:
            raise CommandError(f"{error}\nNothing was loaded.") from error
        verb = "Loaded" if created else "Already loaded:"
        self.stdout.write(f"{verb} {suite.name}@{suite.version}, {suite.prompts.count()} prompts.")
