from __future__ import annotations

from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError

from arena.voting.studies import UnknownStudy, find_study
from arena.voting.way.models import Report
from arena.voting.way.remarks import reports_of


class Command(BaseCommand):
    help = "List the clips that raters have reported, the newest first."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("study", nargs="?", help="slug of a study; without it, all of them")

    def handle(self, *args: object, study: str | None, **options: object) -> None:
        try:
            reports = reports_of(find_study(study) if study else None)
        except UnknownStudy as error:
            raise CommandError(str(error)) from error
        for report in reports:
            self.stdout.write(_line(report))
        if not reports:
            self.stdout.write("No reports.")


def _line(report: Report) -> str:
    ballot = report.ballot
    rendition = ballot.rendition_a if report.side == "a" else ballot.rendition_b
    job = rendition.clip.job
    parts = [
        f"{report.created_at:%Y-%m-%d %H:%M} UTC",
        ballot.study.slug,
        job.contender.slug,
        f"{ballot.prompt.key} seed {job.seed}",
        f"rendition {rendition.sha256[:12]}",
        report.kind,
        *([f"“{report.words}”"] if report.words else []),
    ]
    return "  ".join(parts)
