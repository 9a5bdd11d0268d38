from __future__ import annotations

from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError

from arena.api.tokens import SCOPES, InvalidToken, create_token


class Command(BaseCommand):
    help = "Create a token for the API and print it, this once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="who gets it, or what for")
        explained = "; ".join(f"{scope}: {text}" for scope, text in SCOPES.items())
        parser.add_argument("--scope", action="append", default=[], help=f"repeatable. {explained}")

    def handle(self, *, name: str, scope: list[str], **options: object) -> None:
        try:
            self.stdout.write(create_token(name, scope or list(SCOPES)))
        except InvalidToken as error:
            raise CommandError(str(error)) from error
