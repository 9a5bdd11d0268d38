from __future__ import annotations

from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console

from arena.demo.simulation import simulate_votes
from arena.terminal import counting
from arena.voting.models import Study


class Command(BaseCommand):
    help = "Cast votes of simulated raters in a simulated study."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("study")
        parser.add_argument("--votes", type=int, required=True)
        parser.add_argument("--seed", type=int, default=0)

    def handle(self, *, study: str, votes: int, seed: int, **options: object) -> None:
        found = Study.objects.filter(slug=study).first()
        if found is None or not found.simulated:
            known = Study.objects.filter(simulated=True).values_list("slug", flat=True)
            raise CommandError(
                f"study must be a simulated one; got '{study}'. Known: {', '.join(known) or 'none yet'}. "
                "Add one with: manage.py create_study … --simulated"
            )
        with counting("Simulated votes", votes, Console()) as show:
            cast = simulate_votes(study=found, votes=votes, seed=seed, report=show)
        self.stdout.write(f"{cast} simulated votes cast into '{study}'.")
