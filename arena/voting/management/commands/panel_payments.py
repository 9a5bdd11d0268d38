from __future__ import annotations

from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError

from arena.voting.admission.panels import payment_sheet
from arena.voting.studies import UnknownStudy, find_study


class Command(BaseCommand):
    help = "Print who of a study's panel has finished, with votes and exclusions, as CSV for paying them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("study")

    def handle(self, *, study: str, **options: object) -> None:
        try:
            found = find_study(study)
        except UnknownStudy as error:
            raise CommandError(str(error)) from error
        self.stdout.write(payment_sheet(found), ending="")
