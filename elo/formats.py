"""Ratings as text: a table for the terminal, CSV, JSON and LaTeX."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict

from elo.ratings import Interval, RatingRow, Ratings
from elo.unrated import Unrated

SPECIAL = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{character: f"\\{character}" for character in "&%$#_{}"},
}
"""Characters that LaTeX would not print as they are."""


def table(ratings: Ratings) -> str:
    """Write a table, best contender first; below it the estimand and the method."""
    rows = [_cells(row) for row in ratings.rows()]
    heads = [head for head in rows[0] if head != "both bad" or ratings.tally.both_bad.any()]
    lines = [tuple(heads), *(tuple(row[head] for head in heads) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join([*(_aligned(cells, widths) for cells in lines), "", *_notes(ratings)]) + "\n"


def _cells(row: RatingRow) -> dict[str, str]:
    return {
        "rank": str(row.rank),
        "contender": row.contender,
        "rating": _points(row.rating),
        "lower": _points(row.lower),
        "upper": _points(row.upper),
        "ranks": f"{row.rank_low}-{row.rank_high}",
        "tier": str(row.tier),
        "votes": str(row.votes),
        "wins": str(row.wins),
        "losses": str(row.losses),
        "ties": str(row.ties),
        "both bad": str(row.both_bad),
    }


def comma_separated(ratings: Ratings) -> str:
    """Write a line for each contender, with the columns of `Ratings.table`.

    One without a finite rating has its one-sided limit as `lower` or `upper`, and no rating or rank.
    """
    text = io.StringIO()
    writer = csv.DictWriter(text, RatingRow._fields, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(row._asdict() for row in ratings.rows())
    writer.writerows(
        {name: value for name, value in each._asdict().items() if _finite(value) is not None}
        for each in ratings.unrated
    )
    return text.getvalue()


def as_json(ratings: Ratings) -> str:
    """Write ratings, other estimates, method and diagnostics as JSON; unknown values are null."""
    document = {
        "ratings": [row._asdict() for row in ratings.rows()],
        "unrated": [each._asdict() for each in ratings.unrated],
        "parameters": dict(ratings.parameters),
        "parameter_intervals": {name: ratings.parameter(name)._asdict() for name in ratings.parameters},
        "floor": ratings.floor and ratings.floor._asdict(),
        "method": ratings.method.record(),
        "diagnostics": asdict(ratings.diagnostics),
    }
    return json.dumps(_finite(document), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def latex(ratings: Ratings) -> str:
    """Write a tabular for the LaTeX package booktabs."""
    lines = [
        " & ".join(
            (
                _escape(row.contender),
                _number(row.rating),
                f"[{_number(row.lower)}, {_number(row.upper)}]",
                f"{row.rank_low}--{row.rank_high}",
                str(row.votes),
            )
        )
        for row in ratings.rows()
    ]
    lines += [
        f"{_escape(each.contender)} & -- & {_in_mathematics(_limit(each))} & -- & {each.votes}"
        for each in ratings.unrated
    ]
    head = f"Contender & Rating & {_percent(ratings)}\\,\\% interval & Ranks & Votes"
    body = " \\\\\n".join(lines)
    notes = " ".join(" ".join(_notes(ratings)).split())
    return (
        f"% {notes}\n\\begin{{tabular}}{{lrcrr}}\n\\toprule\n{head} \\\\\n\\midrule\n"
        f"{body} \\\\\n\\bottomrule\n\\end{{tabular}}\n"
    )


FORMATS: Mapping[str, Callable[[Ratings], str]] = {
    "table": table,
    "csv": comma_separated,
    "json": as_json,
    "latex": latex,
}


def remarks(ratings: Ratings) -> list[str]:
    """Return what a reader must know first: contenders without a rating, and votes that were left out."""
    return [
        *(
            f"{each.contender} has no finite rating yet: {each.reason}. {_bound(ratings, each)}"
            for each in ratings.unrated
        ),
        *ratings.diagnostics.notes,
    ]


def _bound(ratings: Ratings, each: Unrated) -> str:
    side = "above" if math.isfinite(each.lower) else "below"
    limit = _limit(each)
    if not limit:
        return "The votes set no bound."
    return f"Its rating is {side} {limit[2:]} ({_percent(ratings)} %, one-sided, votes taken as independent)."


def _limit(each: Unrated) -> str:
    """Write the one-sided limit with its sign, or nothing."""
    if math.isfinite(each.lower):
        return f"> {each.lower:.1f}"
    return f"< {each.upper:.1f}" if math.isfinite(each.upper) else ""


def _notes(ratings: Ratings) -> list[str]:
    method, diagnostics = ratings.method, ratings.diagnostics
    others = "; ".join(f"{name} {_limits(ratings.parameter(name), '+.4f')}" for name in ratings.parameters)
    return [
        f"Model: {method.model}, ties: {method.asked.specification.ties}; {diagnostics.votes} votes.",
        f"Estimated: {method.estimand}",
        f"Intervals: {_percent(ratings)} %, {method.covariance}.",
        *(
            [f"Floor: {_limits(ratings.floor, '.1f')}, the rating that a both_bad has."]
            if ratings.floor
            else []
        ),
        *([f"Other estimates: {others} (log-odds)."] if others else []),
        *([f"Separation: {diagnostics.separation}."] if diagnostics.separation else []),
        *(
            f"A single {kind} alone ties these to the rest: {', '.join(names)}."
            for kind, names in diagnostics.alone.items()
        ),
        *remarks(ratings),
    ]


def _limits(interval: Interval, form: str) -> str:
    estimate, *limits = (f"{value:{form}}" if math.isfinite(value) else "-" for value in interval)
    return f"{estimate} [{', '.join(limits)}]"


def _aligned(cells: tuple[str, ...], widths: list[int]) -> str:
    padded = [cell.rjust(width) for cell, width in zip(cells, widths, strict=True)]
    padded[1] = cells[1].ljust(widths[1])
    return "  ".join(padded).rstrip()


def _points(value: float) -> str:
    return f"{value:.1f}" if math.isfinite(value) else "-"


def _number(value: float) -> str:
    return f"${value:.1f}$" if math.isfinite(value) else "--"


def _in_mathematics(text: str) -> str:
    return f"${text}$" if text else "--"


def _percent(ratings: Ratings) -> str:
    return f"{100 * ratings.method.asked.level:g}"


def _escape(name: str) -> str:
    return "".join(SPECIAL.get(character, character) for character in name)


def _finite(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
