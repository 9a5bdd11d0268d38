"""`python -m generators.happyhorse`: one subcommand for each module in `commands/`."""

from __future__ import annotations

import argparse
import ast
import sys
from importlib import import_module
from pathlib import Path

from generators.base import GenerationError

COMMANDS = Path(__file__).with_name("commands")
"""Folder with a module for each subcommand, which has `add_arguments(parser)` and `run(args)`."""


def main(argv: list[str] | None = None) -> int:
    """Run a subcommand and return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m generators.happyhorse",
        description="HappyHorse: video with sound from text and an optional first frame.",
        epilog="Each command has a --help of its own; docs/happyhorse.md tells more.",
    )
    subparsers = parser.add_subparsers(dest="command", required=True)
    argv = sys.argv[1:] if argv is None else argv
    for path in sorted(COMMANDS.glob("[a-z]*.py")):
        name = path.stem.replace("_", "-")
        subparser = subparsers.add_parser(name, help=_help(path))
        if name in argv[:1]:  # the other commands' packages may be missing: training needs few
            module = import_module(f"generators.happyhorse.commands.{path.stem}")
            module.add_arguments(subparser)
            subparser.set_defaults(run=module.run)
    args = parser.parse_args(argv)
    try:
        return int(args.run(args))
    except (GenerationError, ValueError) as error:
        said = " ".join(str(error).splitlines())  # a file name or a library's message may have several lines
        print(f"{parser.prog}: {said}", file=sys.stderr)  # noqa: T201  (a command's error)
        return 1


def _help(path: Path) -> str:
    """Read a module's first line without importing it."""
    described = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return described.partition("\n")[0]


if __name__ == "__main__":
    sys.exit(main())
