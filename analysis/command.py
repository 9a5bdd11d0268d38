"""`python -m analysis`: a report, or its tables and figures, from a file of votes."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import get_args

from analysis.published import read_published
from analysis.reading import SUFFIXES as VOTE_SUFFIXES
from analysis.reading import of_track, read_frame
from analysis.report.build import build_report
from analysis.report.parts import Report
from analysis.report.tables import FORMS, check_export, export_report
from analysis.report.writing import SUFFIXES, check_suffix, write_report
from analysis.sharing import add_dataset_commands, add_votes_command
from analysis.subject import found_covariates, rate_frame
from analysis.tables.costs import Costs
from analysis.tables.modes import joint_votes
from analysis.tables.planning import GAPS
from elo.arguments import BothBad, Circumstance, Ties

EPILOG = """\
examples:
  python -m analysis report votes.parquet --out report.html
  python -m analysis report votes.csv --out report.pdf --track t2v --slices tags,language
  python -m analysis report votes.csv --out report.html --published boards.csv --vote-cost 0.1 --prompt-cost 4
  python -m analysis export votes.json --out tables --formats csv,tex,pdf --anchor x=1000
  python -m analysis votes votes.json --layout arena-rank --out battles.parquet

exit status: 0 when all is written, 2 when the votes or the options allow none; nothing is written then."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Write a report on the votes of a file, or its tables; exit with 2 where that cannot be done."""
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        done: str | None = options.run(options)
    except (ValueError, ArithmeticError, ImportError, OSError) as error:
        parser.exit(2, f"analysis: {' '.join(str(error).split())}\n")
    sys.stderr.write(f"{done or f'Wrote {options.out}'}\n")


def report(options: argparse.Namespace) -> None:
    """Write a report, as the options of the command say.

    Raises:
        ValueError: an option is not allowed, or the votes allow no ratings.
        OSError: a file cannot be read or written.
    """
    check_suffix(options.out)
    write_report(_built(options), options.out)


def export(options: argparse.Namespace) -> None:
    """Write the tables and figures of a report, as the options of the command say.

    Raises:
        ValueError: an option is not allowed, or the votes allow no ratings.
        OSError: a file cannot be read or written.
    """
    check_export(options.out, options.formats)
    export_report(_built(options), options.out, options.formats)


def _built(options: argparse.Namespace) -> Report:
    frame = of_track(read_frame(options.file), options.track)
    joint = joint_votes(frame)
    subject = rate_frame(
        joint,
        ties=options.ties,
        both_bad=options.both_bad,
        effects=options.effects,
        anchor=options.anchor,
        level=options.level,
        covariates=found_covariates(joint) if options.covariates is None else options.covariates,
        control=options.control,
        seed=options.seed,
    )
    if len(joint) < len(frame):
        subject = replace(subject, every_mode=frame)
    title = options.title or f"Ratings from {options.file.name}"
    return build_report(
        subject,
        title=title,
        slices=options.slices,
        gaps=options.gaps or GAPS,
        costs=_costs(options.vote_cost, options.prompt_cost),
        published=read_published(options.published) if options.published else (),
    )


def _costs(vote: float | None, prompt: float | None) -> Costs | None:
    if vote is None and prompt is None:
        return None
    if vote is None or prompt is None:
        raise ValueError("--vote-cost and --prompt-cost must come together. Give both, or neither.")
    return Costs(vote, prompt)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m analysis",
        description="Reports on votes.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    one = commands.add_parser("report", help="write a report: ratings, what they can show, what moves votes")
    one.add_argument("--out", metavar="FILE", type=Path, required=True, help=f"one of {', '.join(SUFFIXES)}")
    one.set_defaults(run=report)
    other = commands.add_parser("export", help="write the tables and figures of a report as files")
    other.add_argument("--out", metavar="FOLDER", type=Path, required=True, help="a new or empty folder")
    other.add_argument(
        "--formats", metavar="NAMES", type=_names, default=("csv",), help=f"of {', '.join(FORMS)} (csv)"
    )
    other.set_defaults(run=export)
    for command in (one, other):
        _add_options(command)
    add_votes_command(commands)
    add_dataset_commands(commands)
    return parser


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", type=Path, help=f"the votes: {', '.join(VOTE_SUFFIXES)}")
    parser.add_argument("--title", default="", help="title of the report")
    parser.add_argument("--track", default="", help="the track, if the file has several")
    parser.add_argument("--slices", metavar="NAMES", type=_names, help="columns to slice by (those known)")
    parser.add_argument(
        "--covariates", metavar="NAMES", type=_names, help="columns of features, a less b (those known)"
    )
    parser.add_argument(
        "--control",
        metavar="NAMES",
        type=_names,
        default=(),
        help="those to hold equal in all ratings (none)",
    )
    parser.add_argument("--ties", choices=get_args(Ties), default="half", help="how a tie counts (half)")
    parser.add_argument(
        "--both-bad", choices=get_args(BothBad), default="tie", help="how both bad counts (tie)"
    )
    parser.add_argument(
        "--effects", metavar="NAMES", type=_effects, default=(), help="of side, order: hold them equal (none)"
    )
    parser.add_argument("--anchor", metavar="NAME=RATING", type=_anchor, help="contender with a fixed rating")
    parser.add_argument(
        "--level", metavar="SHARE", type=float, default=0.95, help="level of intervals (0.95)"
    )
    parser.add_argument(
        "--published", metavar="FILE", type=Path, help="CSV of published boards to set beside (none)"
    )
    parser.add_argument(
        "--gaps", metavar="POINTS", type=_numbers, help="gaps to plan for (10,20,30,50,75,100)"
    )
    parser.add_argument("--vote-cost", metavar="PRICE", type=float, help="price of a vote, to plan costs")
    parser.add_argument("--prompt-cost", metavar="PRICE", type=float, help="price of one more prompt's clips")
    parser.add_argument("--seed", metavar="N", type=int, default=0, help="seed of all that is drawn (0)")


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _effects(text: str) -> tuple[str, ...]:
    names = _names(text)
    for name in names:
        if name not in get_args(Circumstance):
            known = ", ".join(get_args(Circumstance))
            raise argparse.ArgumentTypeError(f"{name!r} is none of {known}")
    return names


def _numbers(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(each) for each in _names(text))
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not numbers with commas between, such as 10,30"
        ) from None


def _anchor(text: str) -> tuple[str, float]:
    name, _, value = text.rpartition("=")
    try:
        return name, float(value)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=RATING, such as x=1000") from None
