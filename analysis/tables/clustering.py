"""What clustering changes: intervals that allow for shared prompts and raters, beside those that do not."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from analysis.subject import Subject
from elo import Ratings, fit

if TYPE_CHECKING:
    import pandas as pd


class Steps(NamedTuple):
    """Neighbours on the board whose difference has an interval without 0."""

    clustered: int
    independent: int
    of: int


def independent_fit(subject: Subject) -> Ratings:
    """Rate the same votes with intervals that take each vote as independent.

    Raises:
        ValueError: the votes record neither several prompts nor several raters.
    """
    if not subject.clusters:
        raise ValueError("Clustering needs votes with a column prompt or rater, and there is none.")
    asked = subject.ratings.method.asked
    return fit(
        subject.votes,
        **subject.model(subject.votes),
        anchor=asked.anchor,
        scale=subject.scale,
        level=subject.level,
    )


def clustering(subject: Subject, independent: Ratings | None = None) -> pd.DataFrame:
    """Return one row for each contender, best first: both intervals, and how much wider clustering makes it.

    `wider` is the ratio of the intervals' widths; NaN where the rating is an anchor's and has none.

    Args:
        subject: the rated votes.
        independent: what `independent_fit` returned; None to fit.

    Raises:
        ValueError: the votes record neither several prompts nor several raters.
    """
    import pandas as pd  # the web process loads this package and needs no pandas

    plain = {row.contender: row for row in (independent or independent_fit(subject)).rows()}
    rows = [(row, plain[row.contender]) for row in subject.board.rows]
    frame = pd.DataFrame(
        {
            "contender": [row.contender for row, _ in rows],
            "rating": [row.rating for row, _ in rows],
            "lower": [row.lower for row, _ in rows],
            "upper": [row.upper for row, _ in rows],
            "independent_lower": [other.lower for _, other in rows],
            "independent_upper": [other.upper for _, other in rows],
        }
    )
    widths = frame["independent_upper"] - frame["independent_lower"]
    frame["wider"] = (frame["upper"] - frame["lower"]) / widths.where(widths > 0)
    return frame


def steps_told_apart(subject: Subject, independent: Ratings) -> Steps:
    """Count the neighbours whose own difference excludes 0, with clustered and with independent errors."""
    pairs = list(zip(subject.names[:-1], subject.names[1:], strict=True))
    counts = [
        sum(bool(ratings.difference(above, below).lower > 0) for above, below in pairs)
        for ratings in (subject.ratings, independent)
    ]
    return Steps(counts[0], counts[1], len(pairs))


def typical_ratio(table: pd.DataFrame) -> tuple[float, float, float]:
    """Return the median, the least and the greatest ratio of widths; NaN where there is none."""
    known = table["wider"].dropna().to_numpy()
    if not len(known):
        return (np.nan, np.nan, np.nan)
    return float(np.median(known)), float(known.min()), float(known.max())
