from __future__ import annotations

from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError

from arena.api.tokens import InvalidToken, revoke_token


class Command(BaseCommand):
    help = "Revoke a token for the API."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name")

    def handle(self, *, name: str, **options: object) -> None:
        try:
            revoke_token(name)
        except InvalidToken as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Token '{name}' holds no more.")
