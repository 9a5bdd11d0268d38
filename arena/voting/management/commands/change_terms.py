from __future__ import annotations

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from arena.voting.fit_options import add_fit_arguments, fit_of
from arena.voting.fit_settings import FitSettings
from arena.voting.rule_changes import change_rules, rule_differences
from arena.voting.studies import UnknownStudy, find_study
from arena.voting.terms_file import describe_terms, read_terms


class Command(BaseCommand):
    help = "Change a study's terms or the settings of its ratings, as a new version in its ledger."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.epilog = describe_terms()
        parser.formatter_class = RawDescriptionHelpFormatter
        parser.add_argument("study")
        parser.add_argument(
            "--terms", metavar="FILE.yaml", help="all terms of the study; those left out get their defaults"
        )
        parser.add_argument("--reason", required=True, help="sentence for readers of the ledger")
        add_fit_arguments(parser)

    def handle(self, **options: str) -> None:
        try:
            study = find_study(options["study"])
            change = change_rules(
                study=study,
                terms=read_terms(Path(options["terms"])) if options["terms"] else None,
                fit=fit_of(options, FitSettings.of(study.fit)),
                reason=options["reason"],
            )
        except (UnknownStudy, ValueError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Study {study.slug} has version {study.rules_version} of its rules:")
        for line in rule_differences(change) or ["a code or address for raters who finished is another one"]:
            self.stdout.write(f"  {line}")
