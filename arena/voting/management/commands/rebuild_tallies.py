from __future__ import annotations

from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from arena.voting.models import Study
from arena.voting.studies import UnknownStudy, find_study
from arena.voting.tally_sheets import rebuild_tallies


class Command(BaseCommand):
    help = "Recompute the tallies of a study, or of all, from the ledger."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("study", nargs="?", default="", help="default: all studies")

    def handle(self, *, study: str, **options: object) -> None:
        try:
            studies = [find_study(study)] if study else list(Study.objects.all())
        except UnknownStudy as error:
            raise CommandError(str(error)) from error
        for each in studies:
            with transaction.atomic():
                votes = rebuild_tallies(each)
            self.stdout.write(f"Study {each.slug}: {votes} votes that count")
