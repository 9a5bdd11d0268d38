"""`python -m generators.happyhorse`: one subcommand for each module named here."""

from __future__ import annotations

import argparse
import sys
from importlib import import_module

from generators.base import GenerationError

COMMANDS = {
    "info": ("info", "parameters, tokens, FLOPs and the least time that a clip can take"),
    "sample": ("sample", "make a clip"),
    "fit-codecs": ("training.fitting", "fit the toy world's codecs"),
    "train": ("training.train", "train the small model on the toy world"),
    "distill": ("training.distill", "distil a trained model to 8, 4 and 2 steps"),
    "referee": ("training.referee_command", "score models, and the truth, by objective checks"),
    "gpu-programme": ("training.gpu_programme", "all of it on a GPU that is free for a while"),
}
"""Modules of this package, each with `add_arguments(parser)` and `run(args)`, and what they do."""


def main(argv: list[str] | None = None) -> int:
    """Runs a subcommand and returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m generators.happyhorse",
        description="HappyHorse: video with sound from text and an optional first frame.",
        epilog="Each command has a --help of its own; docs/happyhorse.md tells more.",
    )
    subparsers = parser.add_subparsers(dest="command", required=True)
    argv = sys.argv[1:] if argv is None else argv
    for name, (place, help_) in COMMANDS.items():
        subparser = subparsers.add_parser(name, help=help_)
        if name in argv[:1]:  # the others' packages may be missing: training needs few
            module = import_module(f"generators.happyhorse.{place}")
            module.add_arguments(subparser)
            subparser.set_defaults(run=module.run)
    args = parser.parse_args(argv)
    try:
        return int(args.run(args))
    except (GenerationError, ValueError) as error:
        said = " ".join(str(error).splitlines())  # a file's name or a library's words may hold several
        print(f"{parser.prog}: {said}", file=sys.stderr)  # noqa: T201  (a command's error)
        return 1


if __name__ == "__main__":
    sys.exit(main())
