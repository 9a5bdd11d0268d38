"""Timeline of a board: its snapshots in order, then the present one, with a mark where the method changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from arena.standings.public import PublicBoard
from arena.standings.snapshots.blindness import former_names
from arena.voting.models import Study

METHOD = ("method", "ties", "estimand", "covariance", "clusters", "level", "anchor", "scale")
"""Settings of a board of which a change breaks its history."""


@dataclass(frozen=True)
class Point:
    """A board at one moment, by the public names of contenders."""

    at: datetime | None
    snapshot: str | None
    """Hash of the snapshot's manifest; None for the present board."""
    ledger_head: str
    changed: tuple[str, ...]
    """What differs from the point before: settings of the fit, or `contenders` where one was removed."""
    rows: tuple[Mapping[str, Any], ...]


def board_timeline(study: Study, track: str, present: PublicBoard) -> list[Point]:
    """Return the points of a board's timeline, the oldest first; the last is the present board.

    A contender that was revealed has its name in older snapshots as well, which have its pseudonym.
    """
    points: list[Point] = []
    names = former_names(study)
    before: Mapping[str, Any] | None = None
    for snapshot in study.snapshots.order_by("created_at", "pk"):
        kept = snapshot.boards.get(track)
        if kept is not None:
            board = {**kept, "rows": [_renamed(row, names) for row in kept["rows"]]}
            points.append(
                Point(
                    snapshot.created_at,
                    snapshot.manifest_sha256,
                    snapshot.ledger_head,
                    _changes(before, board),
                    tuple(board["rows"]),
                )
            )
            before = board
    if present.settings is not None:
        now = {"settings": present.settings, "rows": present.rows}
        points.append(
            Point(present.last_vote, None, present.head, _changes(before, now), tuple(present.rows))
        )
    return points


def _renamed(row: Mapping[str, Any], names: Mapping[str, str]) -> Mapping[str, Any]:
    return {**row, "contender": names.get(row["contender"], row["contender"])}


def _changes(before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> tuple[str, ...]:
    if before is None:
        return ()
    old, new = before["settings"], after["settings"]
    changed = [name for name in METHOD if _plain(old.get(name)) != _plain(new.get(name))]
    there = {row["contender"] for row in after["rows"]}
    removed = any(row["contender"] not in there for row in before["rows"])
    return (*changed, *(("contenders",) if removed else ()))


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value
