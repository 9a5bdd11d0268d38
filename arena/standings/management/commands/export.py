from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from arena.standings.exports import EXPORTS, FORMATS, NothingToExport, export_votes
from arena.voting.models import Study
from arena.voting.studies import UnknownStudy, find_study


class Command(BaseCommand):
    help = "Export a study's board or its votes."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("study")
        parser.add_argument("--what", choices=sorted(EXPORTS), default="board")
        parser.add_argument("--format", choices=FORMATS, default="csv")
        parser.add_argument("--track", default="", help="needed if the study has several tracks")
        parser.add_argument(
            "--clip-facts",
            action="store_true",
            help="write hashes and features of clips that are still shown; keep the file to yourself",
        )
        parser.add_argument("--output", type=Path, help="file to write (default: standard output)")

    def handle(self, *, clip_facts: bool, **options: str) -> None:
        try:
            study = find_study(options["study"])
        except UnknownStudy as error:
            raise CommandError(str(error)) from error
        tracks = [options["track"]] if options["track"] else study.tracks
        if len(tracks) != 1 or tracks[0] not in study.tracks:
            raise CommandError(
                f"--track must be one of {', '.join(study.tracks)} for study '{study.slug}'; got "
                f"{options['track'] or 'none'}. Choose one."
            )
        try:
            text = _text(options["what"], study, tracks[0], options["format"], clip_facts=clip_facts)
        except NothingToExport as error:
            raise CommandError(str(error)) from error
        if options["output"]:
            Path(options["output"]).write_text(text, encoding="utf-8")
        else:
            self.stdout.write(text, ending="")


def _text(what: str, study: Study, track: str, form: str, *, clip_facts: bool) -> str:
    if what == "votes":
        return export_votes(study, track, form, clip_facts=clip_facts)
    if clip_facts:
        raise CommandError(f"--clip-facts must come with --what votes; got {what}. Leave it out.")
    return EXPORTS[what](study, track, form)
