from __future__ import annotations

from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console

from arena.terminal import counting
from arena.voting.blindness.collecting import NotCollected
from arena.voting.blindness.report import NotAuditable, audit_study
from arena.voting.models import Study
from arena.voting.refusals import Refusal


class Command(BaseCommand):
    help = "Attack a study's blindness as a rater with tools would, and print how often that succeeds."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("study", help="slug of an open study of people")
        parser.add_argument("--raters", type=int, default=40, help="browsers that open ballots")
        parser.add_argument("--ballots", type=int, default=15, help="most ballots of each browser")
        parser.add_argument("--seed", type=int, default=0, help="decides pairs, halves and colluders")

    def handle(self, *, study: str, raters: int, ballots: int, seed: int, **_: object) -> None:
        """Print the tables; end with an error if a limit is exceeded."""
        if raters < 2 or ballots < 1:
            raise CommandError(f"--raters must be at least 2 and --ballots 1; got {raters} and {ballots}.")
        audited = Study.objects.filter(slug=study).first()
        if audited is None:
            raise CommandError(f"Unknown study '{study}'. List them: manage.py list_studies")
        try:
            with counting("Raters", raters, Console(stderr=True)) as show:
                audit = audit_study(audited, raters=raters, each=ballots, seed=seed, report=show)
        except (NotAuditable, NotCollected, Refusal) as error:
            raise CommandError(str(error)) from error
        self.stdout.write("\n".join(audit.lines()))
        if audit.leaks:
            raise CommandError("The study is not blind. " + " ".join(audit.leaks))
        self.stdout.write("\nNo limit is exceeded.")
