from __future__ import annotations

from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError

from arena.voting.models import Study
from arena.voting.pairing.goals import UNIFORM
from arena.voting.pairing.plans import make_plan
from arena.voting.studies import UnknownStudy, find_study


class Command(BaseCommand):
    help = "Plan anew which pairs studies show next, from their votes so far. Voting does not wait for it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("studies", nargs="*", help="slugs (default: all open studies with a goal)")

    def handle(self, **options: list[str]) -> None:
        try:
            studies = [find_study(slug) for slug in options["studies"]]
        except UnknownStudy as error:
            raise CommandError(str(error)) from error
        for study in studies or Study.objects.filter(is_open=True).exclude(pairing=UNIFORM):
            plan = make_plan(study)
            if plan is None:
                raise CommandError(f"Study '{study.slug}' draws its pairs uniformly, which needs no plan.")
            self.stdout.write(
                f"{study.slug}: {study.pairing} from {plan.votes} votes, "
                f"at least {plan.efficiency:.1%} as good as the best plan"
            )
