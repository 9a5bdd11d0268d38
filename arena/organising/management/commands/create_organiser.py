from __future__ import annotations

from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError

from arena.organising.models import Role
from arena.organising.people import InvalidPerson, add_person, make_link


class Command(BaseCommand):
    help = (
        "Make a person an organiser, and print a link that signs them in once. Run it again for a new link."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", help="the person's e-mail address")
        parser.add_argument(
            "--site",
            default="",
            help="the arena's address, such as https://arena.example.org, before the link",
        )

    def handle(self, *, email: str, site: str, **options: object) -> None:
        try:
            user = add_person(email=email, role=Role.ORGANISER)
        except InvalidPerson as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{site.rstrip('/')}{make_link(user)}")
