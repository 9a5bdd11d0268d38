from __future__ import annotations

from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console

from arena.media.intake import UnusableMedia
from arena.media.normalise import LeakyRendition
from arena.terminal import counting
from arena.voting.controls.making import NothingToDegrade, make_twins
from arena.voting.controls.twins import twins_of
from arena.voting.studies import UnknownStudy, find_study

MOST = 10_000


class Command(BaseCommand):
    help = "Make degraded copies of a study's clips, for gold and training pairs."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("study")
        parser.add_argument("--number", type=int, default=20, help="how many to make (default 20)")
        parser.add_argument("--seed", default="0", help="draws clips and strengths (default 0)")
        parser.add_argument(
            "--renew", action="store_true", help="retire the study's present ones once the new ones are made"
        )

    def handle(self, *, study: str, number: int, seed: str, renew: bool, **_: object) -> None:
        if not 1 <= number <= MOST:
            raise CommandError(f"number must be from 1 to {MOST:,}; got {number}. Choose another.")
        if not 1 <= len(seed) <= 64:
            raise CommandError(f"seed must have 1 to 64 characters; got {len(seed)}. Choose another.")
        done = 0
        try:
            found = find_study(study)
            with counting("Degraded copies", number, Console()) as show:
                for done, _twin in enumerate(
                    make_twins(found, number=number, seed=seed, renew=renew), start=1
                ):
                    show(done)
        except (UnknownStudy, NothingToDegrade) as error:
            raise CommandError(str(error)) from error
        except (UnusableMedia, LeakyRendition, OSError) as error:
            raise CommandError(f"{done} copies are made. {error}") from error
        self.stdout.write(f"{done} copies are made; study '{found.slug}' shows {twins_of(found).count()}.")
