from __future__ import annotations

from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError

from arena.voting.admission.admitting import InvalidAdmission, invite
from arena.voting.admission.tickets import invitation_path
from arena.voting.studies import UnknownStudy, find_study


class Command(BaseCommand):
    help = "Print the link of a new invitation to a study, which admits a number of raters."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("study")
        parser.add_argument("--uses", type=int, default=1, help="raters that the link admits (default: 1)")
        parser.add_argument("--links", type=int, default=1, help="number of links (default: 1)")

    def handle(self, *, study: str, uses: int, links: int, **options: object) -> None:
        try:
            found = find_study(study)
            for _ in range(links):
                self.stdout.write(invitation_path(found, invite(study=found, uses=uses).pk))
        except (UnknownStudy, InvalidAdmission) as error:
            raise CommandError(str(error)) from error
