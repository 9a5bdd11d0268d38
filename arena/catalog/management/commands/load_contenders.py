from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from arena.catalog.contenders import load_contenders
from arena.catalog.located import FileError


class Command(BaseCommand):
    help = "Load contenders (YAML): slug, name, maker, generator and its settings."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("path", type=Path)

    def handle(self, *, path: Path, **options: object) -> None:
        try:
            saved = load_contenders(path=path)
        except FileError as error:
            raise CommandError(f"{error}\nNothing was loaded.") from error
        for contender, created in saved:
            self.stdout.write(f"{'Loaded' if created else 'Already loaded:'} {contender.slug}")
