"""Breaks in a board's history: removals of votes, each with the tables before and after it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import numpy as np
from django.core.cache import cache

from analysis.board import BoardRow
from arena.standings.board_votes import BoardVotes
from arena.standings.fitting import compute_standing
from arena.standings.grouping import Entries
from arena.standings.tallies import BOARDS, votes_of
from arena.voting.consistent import consistent_read
from arena.voting.fit_settings import FitSettings
from arena.voting.models import Exclusion, Study
from arena.voting.tally_sheets import EPOCH

APART = timedelta(hours=1)
"""Time between two removals by one rule from which they are two breaks."""
MOST_BREAKS = 20
"""Breaks that are told, the last ones."""
BALLOT = "vote__ballot"


class Break(NamedTuple):
    """Removal of votes by one rule."""

    at: datetime
    """Time of the last of the removals."""
    rule: str
    reason: str
    removed: int
    before: tuple[BoardRow, ...]
    """Rows of the board of the votes that counted until then; empty where there was no board."""
    after: tuple[BoardRow, ...]


class Removal(NamedTuple):
    """One excluded vote."""

    key: int
    at: datetime
    rule: str
    reason: str
    vote_at: datetime
    rater: UUID


def board_breaks(*, study: Study, track: str) -> tuple[Break, ...]:
    """Return the last `MOST_BREAKS` removals of votes from a board, oldest first.

    Removals by one rule make one break as long as less than `APART` lies between them. A break's tables never
    change once the next one has begun, so they are computed once.
    """
    removals = _removals(study, track)
    groups = _grouped(removals)
    found = []
    for number, group in list(enumerate(groups))[-MOST_BREAKS:]:
        key = f"break:{study.pk}:{track}:{group[-1].key}:{len(group)}"
        known: Break | None = cache.get(key)
        if known is None:
            earlier = [removal for past in groups[:number] for removal in past]
            known = _break(study, track, earlier, group)
            cache.set(key, known, timeout=None)
        found.append(known)
    return tuple(found)


def _removals(study: Study, track: str) -> list[Removal]:
    chosen = Exclusion.objects.filter(**{f"{BALLOT}__study": study, f"{BALLOT}__track": track})
    rows = chosen.order_by("created_at", "pk").values_list(
        "pk", "created_at", "rule", "reason", "vote__created_at", f"{BALLOT}__rater"
    )
    return [Removal(*row) for row in rows]


def _grouped(removals: Sequence[Removal]) -> list[list[Removal]]:
    groups: list[list[Removal]] = []
    for removal in removals:
        last = groups[-1][-1] if groups else None
        if last and last.rule == removal.rule and removal.at - last.at < APART:
            groups[-1].append(removal)
        else:
            groups.append([removal])
    return groups


def _break(study: Study, track: str, earlier: Sequence[Removal], group: Sequence[Removal]) -> Break:
    last = group[-1]
    board = BOARDS[study.pk, track]
    with board.lock:
        with consistent_read():
            board.bring_up_to_date()
        before = _without(board, _cast_until(board, last.at), earlier)
        after = _without(board, before, group)
        settings = FitSettings.of(study.fit)
        tables = [_rows(board, entries, settings) for entries in (before, after)]
    return Break(last.at, last.rule, last.reason, len(group), *tables)


def _cast_until(board: BoardVotes, at: datetime) -> Entries:
    """Return one entry for each vote cast until a time, whether it counts now or not."""
    entries = board.entries
    cast = entries[(entries["sign"] > 0) & (entries["at"] <= _microseconds(at))]
    _, first = np.unique(cast[["at", "rater", "a", "b"]], return_index=True)
    return cast[np.sort(first)]


def _without(board: BoardVotes, entries: Entries, removals: Sequence[Removal]) -> Entries:
    gone = {(_microseconds(each.vote_at), each.rater) for each in removals}
    touched = np.flatnonzero(np.isin(entries["at"], [at for at, _ in gone]))
    kept = np.ones(len(entries), dtype=bool)
    for place in touched.tolist():
        entry = entries[place]
        kept[place] = (int(entry["at"]), board.raters[int(entry["rater"])]) not in gone
    return entries[kept]


def _rows(board: BoardVotes, entries: Entries, settings: FitSettings) -> tuple[BoardRow, ...]:
    votes = votes_of(board, entries, settings.covariates) if len(entries) else None
    found = compute_standing(votes, "", settings=settings).board
    return found.rows if found else ()


def _microseconds(at: datetime) -> int:
    return (at - EPOCH) // timedelta(microseconds=1)
