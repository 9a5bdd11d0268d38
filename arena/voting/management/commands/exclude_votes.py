from __future__ import annotations

from argparse import ArgumentParser
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from arena.voting.exclusions import exclude_rater
from arena.voting.studies import UnknownStudy, find_study


class Command(BaseCommand):
    help = "Exclude a rater's votes from a study by a named rule. Their rows stay, and the ledger says why."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("study")
        parser.add_argument(
            "--rater", type=UUID, required=True, help="id of the rater, as in an export of votes"
        )
        parser.add_argument("--rule", required=True, help="name, such as too-fast")
        parser.add_argument("--reason", required=True, help="sentence for readers of the ledger")

    def handle(self, *, study: str, rater: UUID, rule: str, reason: str, **options: object) -> None:
        try:
            excluded = exclude_rater(study=find_study(study), rater_id=rater, rule=rule, reason=reason)
        except (UnknownStudy, ValidationError) as error:
            raise CommandError(str(error)) from error
        if not excluded:
            raise CommandError(
                f"--rater must have votes in '{study}' that count; got {rater}. Nothing was changed."
            )
        self.stdout.write(f"{excluded} votes excluded from '{study}' by rule {rule}.")
