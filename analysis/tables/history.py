"""How the ratings came about: the board after the first votes, after more, and after all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from analysis.moments import moments_of
from analysis.subject import Subject, select_votes
from elo import NotConverged, NotIdentified, Ratings, Votes, fit

if TYPE_CHECKING:
    import pandas as pd

MOMENTS = 8
"""Points in time at which the votes so far are rated."""
ROW = " row"
"""Name of a column that keeps the row of each vote; the space keeps it apart from the file's own."""


def history(subject: Subject, moments: int = MOMENTS) -> pd.DataFrame:
    """Return each contender's rating at several points in time, from all votes cast until then.

    The points have equally many votes between them, and the last has all votes: its ratings are the board's.
    `moment` is in UTC, and `votes` counts those until then. Before the votes hold a contender to the others
    it has no row. Where the board is anchored, so is each point; else the contenders that are rated at a
    point have the mean of their final ratings, so that a newcomer moves nobody else.

    Raises:
        ValueError: the file has no times of votes, or all votes have the same.
    """
    import pandas as pd  # the web process loads this package and needs no pandas

    times = vote_times(subject)
    ordered = np.sort(times)
    if ordered[0] == ordered[-1]:
        raise ValueError("A rating history needs votes of several moments; all have the same.")
    counts = np.linspace(0, len(ordered), moments + 1).astype(int)[1:]
    rows = [
        {"moment": until, **row}
        for until in np.unique(ordered[np.maximum(counts - 1, 0)])
        for row in _rated(subject, times <= until)
    ]
    frame = pd.DataFrame(rows, columns=["moment", "votes", "contender", "rating", "lower", "upper"])
    return frame.assign(moment=pd.to_datetime(frame["moment"], utc=True))


def vote_times(subject: Subject) -> NDArray[np.datetime64]:
    """Return the time of each vote of the subject in UTC, shape (N,).

    Raises:
        ValueError: the file has no times, or one that cannot be read.
    """
    frame = subject.frame
    times = moments_of(frame)
    if times is None:
        raise ValueError("A rating history needs the time of each vote, in a column such as at or tstamp.")
    return times.dt.tz_localize(None).to_numpy(dtype="datetime64[ns]")[_rows_of(subject)]


def _rows_of(subject: Subject) -> NDArray[np.intp]:
    """Return the row in the file of each vote, shape (N,): blank rows and unrated contenders are left out."""
    rows = Votes.from_frame(subject.frame.assign(**{ROW: np.arange(len(subject.frame))}), covariates=[ROW])
    if subject.ratings.unrated:
        names = subject.ratings.contenders
        rows = rows.among(np.array([rows.contenders.index(name) for name in names]))
    return rows.covariates[ROW].astype(np.intp)


def _rated(subject: Subject, inside: NDArray[np.bool_]) -> list[dict[str, object]]:
    """Rate some of the votes on the scale of the board; nothing where they rate no two contenders."""
    fitted = subject.ratings if inside.all() else _fit(subject, select_votes(subject.votes, inside))
    if fitted is None:
        return []
    shift = 0.0
    if fitted.method.asked.anchor is None:
        places = [subject.ratings.contenders.index(name) for name in fitted.contenders]
        shift = float(subject.ratings.ratings[places].mean() - fitted.ratings.mean())
    return [
        {
            "votes": int(inside.sum()),
            "contender": row.contender,
            "rating": row.rating + shift,
            "lower": row.lower + shift,
            "upper": row.upper + shift,
        }
        for row in fitted.rows()
        if row.contender in subject.names
    ]


def _fit(subject: Subject, votes: Votes) -> Ratings | None:
    """Rate votes as the subject's are; None where they rate no two contenders, or not the anchor."""
    anchor, model = subject.ratings.method.asked.anchor, subject.model(votes)
    counts = {"prompt": votes.prompts, "rater": votes.raters}
    clusters = [kind for kind in subject.clusters if (counts[kind] or 0) > 1]
    try:
        if anchor is not None and anchor[0] not in fit(votes, **model, intervals="none").contenders:
            return None
        return fit(votes, **model, clusters=clusters, anchor=anchor, scale=subject.scale, level=subject.level)
    except (NotIdentified, NotConverged):
        return None
