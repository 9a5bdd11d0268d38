from __future__ import annotations

from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from arena.voting.models import Study
from arena.voting.simulation import simulate_votes


class Command(BaseCommand):
    help = "Cast votes of simulated raters into a study that is flagged as simulated."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("study")
        parser.add_argument("--votes", type=int, required=True)
        parser.add_argument("--seed", type=int, default=0)

    def handle(self, *, study: str, votes: int, seed: int, **options: object) -> None:
        found = Study.objects.filter(slug=study).first()
        if found is None or not found.simulated:
            known = Study.objects.filter(simulated=True).values_list("slug", flat=True)
            raise CommandError(
                f"'{study}' is not a simulated study, and simulated votes go nowhere else. "
                f"Known: {', '.join(known) or 'none yet'}. More come by: manage.py create_study … --simulated"
            )
        cast = simulate_with_progress(found, votes=votes, seed=seed, console=Console())
        self.stdout.write(f"{cast} simulated votes cast into '{study}'.")


def simulate_with_progress(study: Study, *, votes: int, seed: int, console: Console) -> int:
    columns = (TextColumn("Simulated votes"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task("votes", total=votes)
        return simulate_votes(
            study=study, votes=votes, seed=seed, report=lambda cast: progress.update(bar, completed=cast)
        )
