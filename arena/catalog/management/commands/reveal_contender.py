from __future__ import annotations

from django.core.management.base import BaseCommand, CommandError, CommandParser

from arena.catalog.commitments import CommitmentRefused, reveal
from arena.catalog.lookup import UnknownName, find_contenders
from arena.catalog.openings import ForgedOpening


class Command(BaseCommand):
    help = "Publish who an anonymous contender is, with the opening of its commitment."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("contender", help="slug of the contender")

    def handle(self, *, contender: str, **options: object) -> None:
        try:
            [found] = find_contenders([contender])
            commitment = reveal(found)
        except (UnknownName, CommitmentRefused, ForgedOpening) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{commitment.codename} is {found.name} ({found.slug}).")
        self.stdout.write(f"The opening of commitment {commitment.digest} is public now.")
