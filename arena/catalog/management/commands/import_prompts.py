from __future__ import annotations

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from arena.catalog.importing import LAYOUTS, CantImport, Imported, find_layout, import_prompts
from arena.catalog.located import FileError
from arena.catalog.lookup import UnknownName

MOST_CLASHES = 10


class Command(BaseCommand):
    help = "Write a suite file of a public benchmark's prompts, from your own download of it."

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:  # noqa: ANN401 - as Django's
        """Return the parser, whose help ends with a list of layouts."""
        listed = "\n".join(f"  {layout.name:14} {layout.files}" for layout in LAYOUTS.values())
        return super().create_parser(
            prog_name,
            subcommand,
            epilog=f"layouts and what PATH is:\n{listed}",
            formatter_class=RawDescriptionHelpFormatter,
            **kwargs,
        )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("layout", help=", ".join(LAYOUTS))
        parser.add_argument("path", type=Path, help="the benchmark's file or folder")
        parser.add_argument("--out", type=Path, required=True, help="new suite file (.yaml or .jsonl)")
        parser.add_argument("--images", type=Path, help="folder of first frames, in or under that of --out")
        parser.add_argument("--suite", default="", help="name of the suite (default: that of the layout)")

    def handle(
        self, *, layout: str, path: Path, out: Path, images: Path | None, suite: str, **options: object
    ) -> None:
        """Write the suite file, and print its licence and the clips that its own names would confuse."""
        try:
            imported = import_prompts(
                layout=find_layout(layout), path=path, out=out, images=images, name=suite
            )
        except (FileError, UnknownName, CantImport) as error:
            raise CommandError(f"{error}\nNothing was written.") from error
        for line in _describe(imported, path, out):
            self.stdout.write(line)


def _describe(imported: Imported, path: Path, out: Path) -> list[str]:
    suite, layout, clashes = imported.suite, imported.layout, imported.clashes
    more = len(clashes) - MOST_CLASHES
    return [
        f"Wrote {out}: suite {suite.name}, {len(suite.prompts)} prompts from {path}.",
        f"Licence: {layout.licence}. {layout.terms}",
        *(["Under the benchmark's own names, clips of these would overwrite each other:"] if clashes else []),
        *(f"  {clash}" for clash in clashes[:MOST_CLASHES]),
        *([f"  and {more} more"] if more > 0 else []),
        *(["Name clips by item id instead; each id is one prompt."] if clashes else []),
        f"Load it with: manage.py load_suite {out}",
    ]
