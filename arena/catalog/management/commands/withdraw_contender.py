from __future__ import annotations

from django.core.management.base import BaseCommand, CommandError, CommandParser

from arena.catalog.commitments import CommitmentRefused, withdraw
from arena.catalog.lookup import UnknownName, find_contenders


class Command(BaseCommand):
    help = "Show an anonymous contender to nobody any more. Its entry and its votes stay."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("contender", help="slug of the contender")

    def handle(self, *, contender: str, **options: object) -> None:
        try:
            [found] = find_contenders([contender])
            commitment = withdraw(found)
        except (UnknownName, CommitmentRefused) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{commitment.codename} is withdrawn. Its entry stays listed.")
