"""`python -m analysis votes`: files of votes for other tools."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from analysis.export.layouts import LAYOUTS, VOTE_FORMS, check_vote_file, lay_out, vote_file
from analysis.reading import SUFFIXES, of_track, read_frame
from analysis.report.writing import replace_file


def add_votes_command(commands: Any) -> None:  # noqa: ANN401 - argparse names no type for it
    """Add the command `votes` to those of a parser."""
    parser = commands.add_parser("votes", help="write the votes as another tool reads them")
    parser.add_argument("file", metavar="FILE", type=Path, help=f"the votes: {', '.join(SUFFIXES)}")
    parser.add_argument(
        "--out", metavar="FILE", type=Path, required=True, help=f"one of {', '.join(VOTE_FORMS)}"
    )
    parser.add_argument("--layout", metavar="TOOL", required=True, help=f"one of {', '.join(LAYOUTS)}")
    parser.add_argument("--track", default="", help="the track, if the file has several")
    parser.add_argument(
        "--covariates", metavar="NAMES", default="", help="columns of features, a less b, to pass on (none)"
    )
    parser.set_defaults(run=write_votes)


def write_votes(options: argparse.Namespace) -> None:
    """Write the votes of a file in the layout of another tool, as the options of the command say.

    Raises:
        ValueError: an option is not allowed, or the votes cannot be read.
        OSError: a file cannot be read or written.
    """
    check_vote_file(options.out)
    covariates = [name.strip() for name in options.covariates.split(",") if name.strip()]
    frame = of_track(read_frame(options.file), options.track)
    table = lay_out(frame, options.layout, covariates=covariates)
    replace_file(options.out, vote_file(table, options.out.suffix.lower()))
