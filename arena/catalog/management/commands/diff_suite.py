from __future__ import annotations

import sys
from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError

from arena.catalog.located import FileError
from arena.catalog.lookup import UnknownName
from arena.catalog.suite_diff import compare_suites, describe_diff
from arena.catalog.suites import open_suite

DIFFERENT, TROUBLE = 1, 2
"""Exit codes, as diff has them."""


class Command(BaseCommand):
    help = (
        "Show what differs between two suites or versions. Exits with 0 if nothing does, 1 if something does."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        of = "name, name@version, or a .yaml, .yml or .jsonl file"
        parser.add_argument("before", help=of)
        parser.add_argument("after", help=of)

    def handle(self, *, before: str, after: str, **options: object) -> None:
        """Print the differences; exit with 1 if there are any, and with 2 if a side can't be opened."""
        try:
            diff = compare_suites(open_suite(before), open_suite(after))
        except (FileError, UnknownName) as error:
            raise CommandError(str(error), returncode=TROUBLE) from error
        for line in describe_diff(diff):
            self.stdout.write(line)
        if not diff.is_empty:
            sys.exit(DIFFERENT)
