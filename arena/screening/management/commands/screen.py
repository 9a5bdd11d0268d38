from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Sequence

from django.core.management.base import BaseCommand, CommandError

from arena.screening.effects import effects_of
from arena.screening.screen import Screening, exclude_found, screen_study
from arena.voting.fit_settings import FitSettings
from arena.voting.models import Study
from arena.voting.screening_rules import KNOWN, faults_of
from arena.voting.studies import UnknownStudy, find_study
from arena.voting.terms import InvalidTerms, Terms


class Command(BaseCommand):
    help = "Exclude votes by the screening rules of a study's terms, and show what that does to the ratings."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("study")
        parser.add_argument("--dry-run", action="store_true", help="exclude nothing")
        parser.add_argument(
            "--try",
            action="append",
            default=[],
            metavar="RULE=THRESHOLD",
            dest="tried",
            help="with --dry-run: ask this rule instead of those of the terms; may be repeated",
        )

    def handle(self, *, study: str, dry_run: bool, tried: list[str], **options: object) -> None:
        try:
            found = find_study(study)
            asked = _thresholds(tried) if tried else Terms.of(found.terms).screening
        except (UnknownStudy, InvalidTerms) as error:
            raise CommandError(str(error)) from error
        if tried and not dry_run:
            raise CommandError("--try must come with --dry-run, since the terms decide what is excluded.")
        if not asked:
            raise CommandError(
                f"Study '{study}' has no screening rules in its terms. Known: {KNOWN}. "
                "Set them with manage.py change_terms, or try one: --dry-run --try RULE=THRESHOLD"
            )
        screening = screen_study(found, asked)
        self._show(found, screening)
        if dry_run:
            self.stdout.write("Nothing was changed: this was a dry run.")
            return
        excluded = exclude_found(screening)
        self.stdout.write(f"{excluded} votes excluded. Take it back with: manage.py undo_exclusions {study}")

    def _show(self, study: Study, screening: Screening) -> None:
        rows = [["rule", "threshold", "raters", "votes"]]
        for each in screening.objections:
            raters = len({finding.rater for finding in each.findings})
            rows.append([each.rule, f"{each.threshold:g}", str(raters), str(len(each.votes))])
        self._write(rows)
        self.stdout.write("")
        rules = [each.rule for each in screening.objections]
        rows = [["track", "contender", "now", *(f"less {rule}" for rule in rules), "screened"]]
        for effect in effects_of(screening, FitSettings.of(study.fit)):
            ratings = [effect.everything, *(effect.without[rule] for rule in rules), effect.screened]
            rows.append([effect.track, effect.contender, *map(_rating, ratings)])
        self._write(rows)

    def _write(self, rows: Sequence[Sequence[str]]) -> None:
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        for row in rows:
            cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
            self.stdout.write("  ".join(cells).rstrip())


def _rating(rating: float | None) -> str:
    return "none" if rating is None else f"{rating:.0f}"


def _thresholds(tried: Sequence[str]) -> dict[str, float]:
    found: dict[str, float] = {}
    for each in tried:
        name, _, threshold = each.partition("=")
        try:
            found[name] = float(threshold)
        except ValueError as error:
            raise CommandError(f"--try must be RULE=THRESHOLD with a number; got '{each}'.") from error
    if faults := list(faults_of(found)):
        raise CommandError(" ".join(faults))
    return found
