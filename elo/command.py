"""`python -m elo`: from a file of votes to ratings with intervals, on the terminal."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TextIO

from elo.fit import fit
from elo.formats import FORMATS, remarks
from elo.votes.table import Votes
from elo.votes.tally import Tally

DESCRIPTION = """\
Rate contenders from votes on pairs: Bradley-Terry and its models of ties, with confidence intervals.

FILE is Parquet, Arrow, CSV or JSON (a list, or one object a line), with a row for each vote:
  contender_a, contender_b   names of the two that were compared
  outcome                    a, b, tie or both_bad
  prompt, rater, side, order, weight, propensity   where recorded
Files of FastChat and arena-rank (model_a, model_b, winner) and evalica (left, right, winner) are read as
they are, as are frames that pandas wrote, CSV from spreadsheets, and .gz, .bz2, .xz, .zst and .zip. What is
left out, such as votes that were not blind, is counted on standard error."""

EPILOG = """\
examples:
  python -m elo votes.csv
  python -m elo votes.parquet --ties davidson --clusters prompt,rater --anchor x=1000
  python -m elo battles.json --effects side --format json

Votes of one rater, or on one prompt, are alike. Intervals that take votes as independent are then too narrow:
give --clusters what the file records. Without --anchor the mean rating is 1000.
exit status: 0 when rated, 2 when the votes or the options allow no ratings."""


COUNTED = ("weight",)
"""The one optional column that counts of votes keep."""
LONGEST = 500
"""Characters of a message."""


def main(arguments: Sequence[str] | None = None) -> None:
    parser = _parser()
    options = vars(parser.parse_args(arguments))
    path, layout = options.pop("file"), options.pop("format")
    # What is not given is left to `fit`, where the defaults are.
    given = {name: value for name, value in options.items() if value is not None}
    try:
        ratings = fit(_read(path, given), **given)
    except (ValueError, ArithmeticError, ImportError, OSError) as error:
        parser.exit(2, _printable(f"elo: {_short(str(error))}\n", sys.stderr))
    for remark in remarks(ratings):
        sys.stderr.write(_printable(f"elo: {_short(remark)}\n", sys.stderr))
    sys.stdout.write(_printable(FORMATS[layout](ratings), sys.stdout))


def _short(message: str) -> str:
    """The message on one line, its middle cut where a name from the file makes it long."""
    line = " ".join(message.split())
    return line if len(line) <= LONGEST else f"{line[: LONGEST // 2]} ... {line[-LONGEST // 2 :]}"


def _printable(text: str, stream: TextIO) -> str:
    """The text with what the terminal's encoding lacks written as escapes."""
    encoding = stream.encoding or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m elo",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("file", metavar="FILE", type=Path, help="the votes")
    add("--format", choices=list(FORMATS), default="table", help="how to print the ratings (table)")
    _add_model(parser.add_argument_group("model"))
    _add_intervals(parser.add_argument_group("intervals"))
    _add_scale(parser.add_argument_group("scale"))
    return parser


def _add_model(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--ties", help="half (a tie is half a win to each), davidson, rao-kupper or drop (half)")
    add("--both-bad", help="tie (it counts as one), drop, or floor: estimate what is good enough (tie)")
    add("--effects", type=_names, metavar="NAMES", help="side, order: estimate the advantage of the place")
    add("--covariates", type=_names, metavar="NAMES", help="columns of features of clip a less those of b")
    add(
        "--tie-effects",
        type=_names,
        metavar="NAMES",
        help="prompt: prompts differ in their share of ties",
    )
    add(
        "--tie-precision",
        type=float,
        metavar="PRECISION",
        help="how alike prompts are in it: 1 / log-odds² (1)",
    )
    add("--weighting", help="votes, or propensity: as if all pairs were drawn alike (votes)")
    add(
        "--ridge",
        type=float,
        metavar="PRECISION",
        help="prior that pulls strengths together: 1 / log-odds² (0)",
    )
    add("--separation", help="where not all ratings are finite: apart, error, firth or bounded (apart)")


def _add_intervals(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add(
        "--clusters",
        type=_names,
        metavar="NAMES",
        help="prompt, rater: votes of one are alike (none)",
    )
    add("--intervals", help="sandwich, model, bootstrap or none (sandwich)")
    add("--correction", help="for few clusters: CR3, CR1 or CR0 (CR3)")
    add("--variance-floor", help="on, off, or auto: on, but off for CR0 and CR1 (auto)")
    add("--level", type=float, metavar="SHARE", help="how often intervals are to cover (0.95)")
    add("--bootstrap", help="resample (with replacement), or bayesian: exponential weights (resample)")
    add("--rounds", type=int, metavar="N", help="rounds of the bootstrap (1000)")
    add("--seed", type=int, metavar="N", help="seed of the bootstrap (0)")


def _add_scale(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--anchor", type=_anchor, metavar="NAME=RATING", help="fix a contender's rating, such as x=1000")
    add("--scale", type=float, metavar="POINTS", help="rating points for one unit of log-odds (400 / ln 10)")


def _read(path: Path, given: dict[str, Any]) -> Votes | Tally:
    """Read no more than the options need: mostly, the counts."""
    columns = _columns(given)
    votes = Votes.read(path, optional=columns, covariates=given.get("covariates", ()))
    return votes if columns != COUNTED or votes.covariates else votes.tally(compiled=False)


def _columns(given: dict[str, Any]) -> tuple[str, ...]:
    """The optional columns that the options need: reading the others takes time for nothing."""
    named = ("clusters", "effects", "tie_effects")
    weighting = ("propensity",) if given.get("weighting") == "propensity" else ()
    return (*COUNTED, *weighting, *(column for option in named for column in given.get(option, ())))


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _anchor(text: str) -> tuple[str, float]:
    name, _, value = text.rpartition("=")
    try:
        return name, float(value)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=RATING, such as x=1000") from None
