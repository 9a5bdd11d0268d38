"""Boards as they were at a time: the votes cast until then, less those removed until then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np

from analysis.board import BoardRow
from arena.standings.board_votes import BoardVotes
from arena.standings.clip_facts import Unmeasured
from arena.standings.fitting import compute_standing
from arena.standings.grouping import Entries
from arena.standings.tallies import votes_of
from arena.voting.fit_settings import FitSettings
from arena.voting.models import Exclusion, Study, Undoing
from arena.voting.modes import Mode
from arena.voting.tally_sheets import EPOCH

BALLOT = "vote__ballot"


class Removal(NamedTuple):
    """One vote that was excluded, or counts again."""

    key: int
    undone: bool
    at: datetime
    rule: str
    reason: str
    vote_at: datetime
    rater: UUID


def read_removals(study: Study, track: str) -> list[Removal]:
    """Return the exclusions of a board's votes and their undoings, the oldest first."""
    found = []
    for rows, to in ((Exclusion.objects.all(), ""), (Undoing.objects.all(), "exclusion__")):
        ballot = {"study": study, "track": track, "mode": Mode.BOTH}
        chosen = rows.filter(**{f"{to}{BALLOT}__{name}": value for name, value in ballot.items()})
        of_vote = (f"{to}vote__created_at", f"{to}{BALLOT}__rater")
        columns = ("pk", "created_at", f"{to}rule", "reason", *of_vote)
        found += [Removal(key, bool(to), *rest) for key, *rest in chosen.values_list(*columns)]
    return sorted(found, key=lambda each: (each.at, each.undone, each.key))


def entries_at(board: BoardVotes, at: datetime, removals: Sequence[Removal]) -> Entries:
    """Return one entry for each vote that was cast until a time, without those removed.

    Args:
        board: the board, brought up to date.
        at: the time.
        removals: exclusions and undoings until then, in their order.
    """
    return _without(board, _cast_until(board, at), removals)


def rows_of(
    board: BoardVotes, entries: Entries, settings: FitSettings, arguments: Mapping[str, Any] | None = None
) -> tuple[BoardRow, ...]:
    """Return the rows of the board of some entries; none where they give no board.

    Args:
        board: the board.
        entries: votes of it.
        settings: model, anchor and scale.
        arguments: arguments of `elo.fit` other than its present defaults.
    """
    try:
        votes = votes_of(board, entries, settings.covariates) if len(entries) else None
    except Unmeasured:
        return ()
    found = compute_standing(votes, "", settings=settings, arguments=arguments).board
    return found.rows if found else ()


def _cast_until(board: BoardVotes, at: datetime) -> Entries:
    """Return one entry for each vote cast until a time, whether it counts now or not."""
    entries = board.entries
    cast = entries[(entries["sign"] > 0) & (entries["at"] <= _microseconds(at))]
    _, first = np.unique(cast[["at", "rater", "a", "b"]], return_index=True)
    return cast[np.sort(first)]


def _without(board: BoardVotes, entries: Entries, removals: Sequence[Removal]) -> Entries:
    gone: set[tuple[int, UUID]] = set()
    for each in removals:
        (gone.discard if each.undone else gone.add)((_microseconds(each.vote_at), each.rater))
    touched = np.flatnonzero(np.isin(entries["at"], [at for at, _ in gone]))
    kept = np.ones(len(entries), dtype=bool)
    for place in touched.tolist():
        entry = entries[place]
        kept[place] = (int(entry["at"]), board.raters[int(entry["rater"])]) not in gone
    return entries[kept]


def _microseconds(at: datetime) -> int:
    return (at - EPOCH) // timedelta(microseconds=1)
