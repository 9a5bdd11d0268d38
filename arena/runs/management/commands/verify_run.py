from __future__ import annotations

import os
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console

from arena.runs.manifests.reading import RunManifest, read_manifest
from arena.runs.manifests.replay import Outcome, Verdict, count_outcomes, replay
from arena.runs.manifests.rows import ManifestError
from arena.terminal import counting


class Command(BaseCommand):
    help = "Make the clips of a run's manifest again where that is possible, and compare their hashes."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("manifest", type=Path, help="file that export_run wrote")
        parser.add_argument(
            "--workers", type=int, default=os.cpu_count() or 1, help="clips made here side by side"
        )

    def handle(self, *, manifest: Path | str, workers: int, **_: object) -> None:
        if workers < 1:
            raise CommandError(f"--workers must be at least 1; got {workers}.")
        try:
            read = read_manifest(Path(manifest))
        except ManifestError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{manifest}: {read.title}, on {read.track}")
        verdicts = _replay_with_progress(read, workers)
        for line in _describe(verdicts):
            self.stdout.write(line)
        if different := sum(each.outcome == Outcome.DIFFERENT for each in verdicts):
            raise CommandError(f"{different} files differ from the manifest.")


def _replay_with_progress(manifest: RunManifest, workers: int) -> list[Verdict]:
    verdicts: list[Verdict] = []
    with counting("Making clips again", len(manifest.entries), Console()) as show:
        for done, found in enumerate(replay(manifest, workers=workers), start=1):
            verdicts += found
            show(done)
    return verdicts


def _describe(verdicts: Sequence[Verdict]) -> Iterator[str]:
    """Yield a line for each contender with equal files, each difference, and each reason; then the sums."""
    equal = Counter((each.entry.author.slug, each.file) for each in verdicts if each.outcome == Outcome.EQUAL)
    for slug in sorted({slug for slug, _ in equal}):
        yield f"equal: {slug}, {equal[slug, 'clip']} clips and {equal[slug, 'rendition']} renditions"
    for each in verdicts:
        if each.outcome == Outcome.DIFFERENT:
            yield f"different: {each.entry}: {each.file}: {each.told}"
    yield from _describe_rest([each for each in verdicts if each.outcome == Outcome.NOT_REPEATED])
    yield "; ".join(
        f"{file}s: " + ", ".join(f"{count_outcomes(verdicts, each, file)} {each}" for each in Outcome)
        for file in ("clip", "rendition")
    )


def _describe_rest(rest: Sequence[Verdict]) -> Iterator[str]:
    places: dict[tuple[str, str, str], list[str]] = {}
    for each in rest:
        place = f"{each.entry.prompt}/{each.entry.seed}"
        places.setdefault((each.entry.author.slug, each.file, each.told), []).append(place)
    for (slug, file, told), found in places.items():
        yield f"not repeated: {slug}: {file}: {told} (prompt/seed {', '.join(found)})"
