"""`python -m analysis report`: a report from a file of votes."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

from analysis.reading import SUFFIXES as VOTE_SUFFIXES
from analysis.reading import read_frame
from analysis.report.build import build_report
from analysis.report.writing import SUFFIXES, check_suffix, write_report
from analysis.subject import rate_frame
from analysis.tables.modes import joint_votes
from elo.arguments import Ties
from elo.fit import ELO_SCALE

EPILOG = """\
examples:
  python -m analysis report votes.parquet --out report.html
  python -m analysis report votes.csv --out report.pdf --track t2v --slices tags,language
  python -m analysis report votes.json --out report.md --ties davidson --anchor x=1000

exit status: 0 when the report is written, 2 when the votes or the options allow none; nothing is written
then."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Write a report on the votes of a file; exit with 2 where that cannot be done."""
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        report(options)
    except (ValueError, ArithmeticError, ImportError, OSError, KeyError) as error:
        parser.exit(2, f"analysis: {' '.join(str(error).split())}\n")
    sys.stderr.write(f"Wrote {options.out}\n")


def report(options: argparse.Namespace) -> None:
    """Read, rate and write, as the options of the command say.

    Raises:
        ValueError: an option is not allowed, or the votes allow no ratings.
        OSError: a file cannot be read or written.
    """
    check_suffix(options.out)
    frame = of_track(read_frame(options.file), options.track)
    joint = joint_votes(frame)
    subject = rate_frame(
        joint,
        ties=options.ties,
        anchor=options.anchor,
        scale=options.scale,
        level=options.level,
        covariates=options.covariates,
        seed=options.seed,
    )
    if len(joint) < len(frame):
        subject = replace(subject, every_mode=frame)
    title = options.title or f"Ratings from {options.file.name}"
    write_report(build_report(subject, title=title, slices=options.slices), options.out)


def of_track(frame: Any, track: str) -> Any:  # noqa: ANN401 - a frame, without loading pandas for its type
    """Keep the votes of one track.

    Raises:
        ValueError: the track is not in the votes, or they are of several and none is chosen.
    """
    known = sorted(map(str, frame["track"].unique())) if "track" in frame.columns else []
    if track and track not in known:
        raise ValueError(
            f"--track must be one of {', '.join(known) or 'none: no column track'}; got {track}."
        )
    if not track and len(known) > 1:
        raise ValueError(f"The votes are on several tracks, {', '.join(known)}. Choose one by --track.")
    return frame[frame["track"].astype(str) == track] if track else frame


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m analysis", description="Reports on votes.")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    one = commands.add_parser(
        "report",
        help="write a report: ratings, what they can show, and what moves votes",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    one.add_argument("file", metavar="FILE", type=Path, help=f"the votes: {', '.join(VOTE_SUFFIXES)}")
    one.add_argument("--out", metavar="FILE", type=Path, required=True, help=f"one of {', '.join(SUFFIXES)}")
    one.add_argument("--title", default="", help="title of the report")
    one.add_argument("--track", default="", help="the track, if the file has several")
    one.add_argument("--slices", metavar="NAMES", type=_names, help="columns to slice by (those known)")
    one.add_argument(
        "--covariates", metavar="NAMES", type=_names, default=(), help="columns of features, a less b (none)"
    )
    one.add_argument("--ties", choices=get_args(Ties), default="half", help="how a tie counts (half)")
    one.add_argument("--anchor", metavar="NAME=RATING", type=_anchor, help="contender with a fixed rating")
    one.add_argument("--scale", metavar="POINTS", type=float, default=ELO_SCALE, help="points for 1 log-odds")
    one.add_argument("--level", metavar="SHARE", type=float, default=0.95, help="level of intervals (0.95)")
    one.add_argument("--seed", metavar="N", type=int, default=0, help="seed of all that is drawn (0)")
    return parser


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _anchor(text: str) -> tuple[str, float]:
    name, _, value = text.rpartition("=")
    try:
        return name, float(value)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=RATING, such as x=1000") from None
