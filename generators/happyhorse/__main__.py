"""`python -m generators.happyhorse`: one subcommand for each module named here."""

from __future__ import annotations

import argparse
import sys
from importlib import import_module

from generators.base import GenerationError

COMMANDS = {
    "info": "parameters, tokens, FLOPs and the least time that a clip can take",
    "sample": "make a clip",
}
"""Modules of this package, each with `add_arguments(parser)` and `run(args)`."""


def main(argv: list[str] | None = None) -> int:
    """Runs a subcommand and returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m generators.happyhorse", description=__doc__)
    subparsers = parser.add_subparsers(dest="command", required=True)
    for name, help_ in COMMANDS.items():
        module = import_module(f"generators.happyhorse.{name}")
        subparser = subparsers.add_parser(name, help=help_)
        module.add_arguments(subparser)
        subparser.set_defaults(run=module.run)
    args = parser.parse_args(argv)
    try:
        return int(args.run(args))
    except (GenerationError, ValueError) as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)  # noqa: T201  (a command's error)
        return 1


if __name__ == "__main__":
    sys.exit(main())
