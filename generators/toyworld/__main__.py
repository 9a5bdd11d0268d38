"""`python -m generators.toyworld`: its one subcommand, `referee`."""

from __future__ import annotations

import argparse
import sys

from generators.base import GenerationError
from generators.toyworld.referee import command


def main(argv: list[str] | None = None) -> int:
    """Run the subcommand and return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m generators.toyworld",
        description="The toy world of bouncing shapes: captions, clips and a referee of both.",
    )
    subparsers = parser.add_subparsers(dest="command", required=True)
    referee = subparsers.add_parser("referee", help="score a folder of clips against their prompts")
    command.add_arguments(referee)
    args = parser.parse_args(argv)
    try:
        return command.run(args)
    except (GenerationError, OSError) as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)  # noqa: T201  (a command's error)
        return 1


if __name__ == "__main__":
    sys.exit(main())
