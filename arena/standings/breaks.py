"""Breaks in a board's history, each with the tables before and after it: votes, methods and defaults."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Literal, TypeAlias

from django.core.cache import cache

from analysis.board import BoardRow
from arena.catalog.hashing import content_hash
from arena.standings.board_votes import BoardVotes
from arena.standings.default_changes import DEFAULT_CHANGES, DefaultChange
from arena.standings.fit_versions import FitChange, fit_at, fit_changes
from arena.standings.listed import Minimum, listed_rows
from arena.standings.past_boards import Removal, entries_at, read_removals, rows_of
from arena.standings.tallies import BOARDS
from arena.voting.consistent import consistent_read
from arena.voting.models import Study

APART = timedelta(hours=1)
"""Time between two removals by one rule from which they are two breaks."""
MOST_BREAKS = 20
"""Breaks that are told, the last ones."""
Rows: TypeAlias = tuple[BoardRow, ...]


@dataclass(frozen=True)
class Break:
    """Moment at which a board's numbers changed by something else than a vote."""

    at: datetime
    """Time of the change; of the last vote's removal or return."""
    kind: Literal["votes", "method", "default"]
    """Votes removed or back, other settings of the study's fit, or other defaults of the code."""
    reason: str
    before: Rows
    """Rows of the board until then; empty where there was no board."""
    after: Rows
    rule: str = ""
    """Rule by which votes were removed; name and version of a change of defaults."""
    votes: int = 0
    """Number of votes that were removed, or came back."""
    undone: bool = False
    """Whether the votes came back."""
    changes: tuple[str, ...] = ()
    """What differs in the method, such as `ties: half → davidson`."""


@dataclass(frozen=True)
class Past:
    """All that breaks of one board are computed from."""

    study: Study
    track: str
    removals: Sequence[Removal]
    fits: Sequence[FitChange]
    names: Mapping[str, str]
    """Public names of contenders by slug."""

    def until(self, at: datetime) -> list[Removal]:
        """Return the removals and returns until a time."""
        return [removal for removal in self.removals if removal.at <= at]

    def tables(self, make: Callable[[BoardVotes], tuple[Rows, Rows]]) -> tuple[Rows, Rows]:
        """Return the tables before and after that a function makes of the board's votes."""
        board = BOARDS[self.study.pk, self.track]
        with board.lock:
            with consistent_read():
                board.bring_up_to_date()
            return make(board)


def board_breaks(*, study: Study, track: str) -> tuple[Break, ...]:
    """Return the last `MOST_BREAKS` breaks of a board, oldest first.

    Removals of votes by one rule make one break as long as less than `APART` lies between them. A change of
    defaults is one where it changes the tables. Tables never change once the next break has begun, so they
    are computed once.
    """
    names = {contender.slug: contender.public_slug for contender in study.contenders.all()}
    past = Past(study, track, read_removals(study, track), fit_changes(study), names)
    plans = [*_of_votes(past), *_of_fits(past), *_of_defaults(past)]
    plans.sort(key=lambda plan: plan[0])
    found = (_kept(f"break:{study.pk}:{track}:{key}", make) for _, key, make in plans[-MOST_BREAKS:])
    least = Minimum.of(study)
    return tuple(
        replace(one, before=listed_rows(one.before, least), after=listed_rows(one.after, least))
        for one in found
        if one.before != one.after or one.kind != "default"
    )


Plan: TypeAlias = tuple[datetime, str, Callable[[], Break]]
"""Time of a break, its key, and the function that computes it."""


def _kept(key: str, make: Callable[[], Break]) -> Break:
    known: Break | None = cache.get(key)
    if known is None:
        known = make()
        cache.set(key, known, timeout=None)
    return known


def _of_votes(past: Past) -> Iterator[Plan]:
    groups = _grouped(past.removals)
    for number, group in enumerate(groups):
        last = group[-1]
        earlier = [removal for before in groups[:number] for removal in before]
        key = f"{last.undone}:{last.key}:{len(group)}"
        yield last.at, key, partial(_votes_break, past, earlier, group)


def _votes_break(past: Past, earlier: Sequence[Removal], group: Sequence[Removal]) -> Break:
    last = group[-1]
    fit = fit_at(past.study, past.fits, last.at)
    before, after = past.tables(
        lambda board: (
            rows_of(board, entries_at(board, last.at, earlier), fit),
            rows_of(board, entries_at(board, last.at, [*earlier, *group]), fit),
        )
    )
    return Break(
        last.at, "votes", last.reason, before, after, rule=last.rule, votes=len(group), undone=last.undone
    )


def _grouped(removals: Sequence[Removal]) -> list[list[Removal]]:
    groups: list[list[Removal]] = []
    for removal in removals:
        last = groups[-1][-1] if groups else None
        same = last and (last.rule, last.undone) == (removal.rule, removal.undone)
        if last and same and removal.at - last.at < APART:
            groups[-1].append(removal)
        else:
            groups.append([removal])
    return groups


def _of_fits(past: Past) -> Iterator[Plan]:
    names = content_hash(past.names)  # a codename that was given or taken away changes what is told
    for change in past.fits:
        yield change.at, f"fit:{change.key}:{names}", partial(_fit_break, past, change)


def _fit_break(past: Past, change: FitChange) -> Break:
    def tables(board: BoardVotes) -> tuple[Rows, Rows]:
        entries = entries_at(board, change.at, past.until(change.at))
        return rows_of(board, entries, change.before), rows_of(board, entries, change.after)

    changes = change.differences(past.names)
    return Break(change.at, "method", change.reason, *past.tables(tables), changes=changes)


def _of_defaults(past: Past) -> Iterator[Plan]:
    for change in DEFAULT_CHANGES:
        key = content_hash([change.since.isoformat(), change.name])
        yield change.since, f"default:{key}", partial(_default_break, past, change)


def _default_break(past: Past, change: DefaultChange) -> Break:
    fit = fit_at(past.study, past.fits, change.since)

    def tables(board: BoardVotes) -> tuple[Rows, Rows]:
        entries = entries_at(board, change.since, past.until(change.since))
        return rows_of(board, entries, fit, change.before), rows_of(board, entries, fit, change.after)

    rule = f"{change.name}, since version {change.version}"
    before, after = past.tables(tables)
    return Break(change.since, "default", change.reason, before, after, rule=rule, changes=change.differences)
