"""History of a board: what its ratings were at moments since its first vote."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np
from django.core.cache import cache

from arena.catalog.hashing import content_hash
from arena.standings.board_votes import BoardVotes, time_of
from arena.standings.slices import WHOLE, Slice
from arena.standings.tallies import BOARDS
from arena.voting.consistent import consistent_read
from arena.voting.models import Study
from elo import OUTCOMES, NotConverged, NotIdentified, Tally, fit
from elo.arrays import Floats

MOMENTS = 16
"""Moments at equal distances in time, the last of them now."""
KEPT_S = 3600
"""Seconds for which a history is kept; a page adds the present ratings to it."""


class Moment(NamedTuple):
    """Ratings of the votes up to a time that count now."""

    at: datetime
    ratings: dict[str, float]
    """Rating of each contender that had a finite one, by slug."""


def rating_history(
    *, study: Study, track: str, settings: dict[str, Any], part: Slice = WHOLE
) -> tuple[Moment, ...]:
    """Return the past ratings of a board, oldest first; they are at most an hour old.

    Args:
        study: the study.
        track: one of its tracks.
        settings: those of the board: its treatment of ties, its anchor and its scale.
        part: the slice.
    """
    model = {name: settings[name] for name in ("ties", "anchor", "scale")}
    key = f"history:{study.pk}:{track}:{content_hash([part.chosen, model])}"
    kept: tuple[Moment, ...] | None = cache.get(key)
    if kept is None:
        kept = tuple(_moments(BOARDS[study.pk, part.sheets(track)], part, model))
        cache.set(key, kept, timeout=KEPT_S)
    return kept


def _moments(board: BoardVotes, part: Slice, model: dict[str, Any]) -> Iterator[Moment]:
    with board.lock:
        with consistent_read():
            board.bring_up_to_date()
        times, names, counts = _counts_by_time(board, part)
    for at, counted in zip(times, counts, strict=True):
        ratings = _rate(Tally(names, counted), model)
        if ratings:
            yield Moment(at, ratings)


def _counts_by_time(board: BoardVotes, part: Slice) -> tuple[list[datetime], tuple[str, ...], list[Floats]]:
    """Return the ends of equal spans of time, the contenders, and the votes up to each end."""
    entries = board.entries
    if part:
        entries = entries[board.inside(part, entries)]
    if not len(entries) or entries["at"].min() == entries["at"].max():
        return [], (), []
    names, number = np.unique(board.facts.contenders, return_inverse=True)
    edges = np.linspace(entries["at"].min(), entries["at"].max(), MOMENTS + 1)[1:]
    span = np.minimum(np.searchsorted(edges, entries["at"]), MOMENTS - 1)
    # Counts by span, contenders on both sides and outcome, shape (T, K, K, 4); a vote taken back counts -1.
    shape = (MOMENTS, len(names), len(names), len(OUTCOMES))
    cell = np.ravel_multi_index((span, number[entries["a"]], number[entries["b"]], entries["outcome"]), shape)
    counts = np.bincount(cell, entries["sign"], minlength=int(np.prod(shape))).reshape(shape)
    return (
        [time_of(int(edge)) for edge in edges],
        tuple(str(name) for name in names),
        list(counts.cumsum(axis=0)),
    )


def _rate(tally: Tally, model: dict[str, Any]) -> dict[str, float]:
    """Return the ratings of a tally; none where it gives none."""
    anchor = model["anchor"]
    try:
        rated = fit(tally, ties=model["ties"], scale=model["scale"], intervals="none")
        if anchor and anchor[0] in rated.contenders:
            rated = fit(
                tally, ties=model["ties"], scale=model["scale"], anchor=tuple(anchor), intervals="none"
            )
    except (NotIdentified, NotConverged):
        return {}
    return dict(zip(rated.contenders, rated.ratings.tolist(), strict=True))
