from __future__ import annotations

from argparse import ArgumentParser

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from arena.voting.exclusions import undo_rule
from arena.voting.models import Exclusion
from arena.voting.studies import UnknownStudy, find_study


class Command(BaseCommand):
    help = "Count the votes of a study again that a rule excluded. The ledger keeps both, with the reasons."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("study")
        parser.add_argument("--rule", required=True, help="name of the rule that excluded them")
        parser.add_argument("--reason", required=True, help="sentence for readers of the ledger")

    def handle(self, *, study: str, rule: str, reason: str, **options: object) -> None:
        try:
            found = find_study(study)
            undone = undo_rule(study=found, rule=rule, reason=reason)
        except (UnknownStudy, ValidationError) as error:
            raise CommandError(str(error)) from error
        if not undone:
            holding = Exclusion.objects.holding().filter(vote__ballot__study=found)
            known = ", ".join(sorted(set(holding.values_list("rule", flat=True)))) or "none"
            raise CommandError(
                f"--rule must have exclusions in '{study}' that hold; got '{rule}'. There are: {known}."
            )
        self.stdout.write(f"{undone} votes of '{study}' count again; rule {rule} no longer excludes them.")
