"""`python -m elo`: from a file of votes to ratings with intervals, on the terminal."""

from __future__ import annotations

import argparse
import inspect
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal, TextIO, get_args, get_origin, get_type_hints

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


OPTIONS = {
    "model": {
        "ties": "how a tie counts",
        "both_bad": "how a both_bad counts; floor estimates what is good enough",
        "effects": "circumstances that may help a contender",
        "covariates": "columns of features of clip a less those of b",
        "tie_effects": "what differs in its share of ties",
        "tie_precision": "how alike prompts are in it, in 1 / log-odds²",
        "weighting": "what a vote weighs; propensity: as if all pairs were drawn alike",
        "ridge": "prior that pulls strengths together, in 1 / log-odds²",
        "separation": "what is done where not all ratings are finite",
    },
    "intervals": {
        "clusters": "what votes share; votes of one are alike",
        "intervals": "how intervals are made",
        "correction": "correction for few clusters",
        "variance_floor": "whether variances have a floor; auto: but for CR0 and CR1",
        "level": "how often intervals are to cover",
        "bootstrap": "how the bootstrap draws",
        "rounds": "rounds of the bootstrap",
        "seed": "seed of the bootstrap",
    },
    "scale": {
        "anchor": "contender with a fixed rating, such as x=1000",
        "scale": "rating points for one unit of log-odds",
    },
}
"""The keywords of `fit` by group, each with its meaning; types, words and defaults are those of `fit`."""
METAVARS = {
    "tie_precision": "PRECISION",
    "ridge": "PRECISION",
    "level": "SHARE",
    "rounds": "N",
    "seed": "N",
    "anchor": "NAME=RATING",
    "scale": "POINTS",
}
COUNTED = ("weight",)
"""The one optional column that counts of votes keep."""
LONGEST = 500
"""Characters of a message."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Rate the votes of a file and print the ratings; exit with 2 where that cannot be done."""
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
    """Put the message on one line, and cut its middle where a name from the file makes it long."""
    line = " ".join(message.split())
    return line if len(line) <= LONGEST else f"{line[: LONGEST // 2]} ... {line[-LONGEST // 2 :]}"


def _printable(text: str, stream: TextIO) -> str:
    """Write the characters that the stream's encoding lacks as escapes."""
    encoding = stream.encoding or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)


def _parser() -> argparse.ArgumentParser:
    """Build the parser; each keyword of `fit` is an option with its type, its words and its default."""
    parser = argparse.ArgumentParser(
        prog="python -m elo",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("file", metavar="FILE", type=Path, help="the votes")
    parser.add_argument(
        "--format", choices=list(FORMATS), default="table", help="how to print the ratings (table)"
    )
    keywords, types = inspect.signature(fit).parameters, get_type_hints(fit)
    for title, options in OPTIONS.items():
        group = parser.add_argument_group(title)
        for name, meaning in options.items():
            _add_option(group, name, meaning, types[name], keywords[name].default)
    return parser


def _add_option(
    group: argparse._ArgumentGroup,
    name: str,
    meaning: str,
    kind: Any,  # noqa: ANN401 - any type that a keyword has
    default: object,
) -> None:
    words = [str(word) for word in _words(kind)]
    group.add_argument(
        f"--{name.replace('_', '-')}",
        type=_reader(kind),
        metavar="NAMES" if get_origin(kind) is Sequence else METAVARS.get(name),
        help=f"{meaning}{': ' * bool(words)}{', '.join(words)} ({_shown(default)})",
    )


def _words(kind: Any) -> tuple[object, ...]:  # noqa: ANN401
    """Return the words that an option of this type takes; none if it is a number or a free name."""
    each = get_args(kind)[0] if get_origin(kind) is Sequence else kind
    return get_args(each) if get_origin(each) is Literal else ()


def _reader(kind: Any) -> Callable[[str], object]:  # noqa: ANN401
    """Return the function that reads an option of this type; `fit` itself refuses unknown words."""
    if get_origin(kind) is Sequence:
        return _names
    if get_origin(kind) is Literal:
        return str
    return {int: int, float: float}.get(kind, _anchor)


def _shown(default: object) -> str:
    if isinstance(default, float):
        return f"{default:g}"
    return str(default) if default or isinstance(default, int) else "none"


def _read(path: Path, given: dict[str, Any]) -> Votes | Tally:
    """Read no more than the options need: mostly, the counts."""
    columns = _columns(given)
    votes = Votes.read(path, optional=columns, covariates=given.get("covariates", ()))
    return votes if columns != COUNTED or votes.covariates else votes.tally(compiled=False)


def _columns(given: dict[str, Any]) -> tuple[str, ...]:
    """Return the optional columns that the options need; reading others would waste time."""
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
