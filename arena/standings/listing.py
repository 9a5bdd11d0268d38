"""List of boards, with one entry for each study and track."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from analysis.board import BoardRow
from arena.catalog.models import Contender
from arena.standings.boards import current_standings, recent_standings
from arena.standings.standing import Standing
from arena.voting.models import Study
from generators.base import Track

TOP = 3
"""Contenders that an entry of the list of boards names."""


class Placed(NamedTuple):
    """One of the first contenders of a board."""

    row: BoardRow
    contender: Contender


class Entry(NamedTuple):
    """Study, track, standing and first contenders of one board in the list."""

    study: Study
    track: Track
    standing: Standing
    top: list[Placed]
    """First contenders by rating, best first; empty without a board."""


def list_boards(studies: Iterable[Study], *, named: int = TOP, recent: bool = False) -> list[Entry]:
    """Return the boards of presentable studies, in four queries unless there are new votes.

    Args:
        studies: the studies.
        named: number of first contenders that an entry names.
        recent: whether standings may be a minute old, so that new votes cost the page nothing.
    """
    boards = [(study, Track(name)) for study in studies for name in study.tracks]
    find = recent_standings if recent else current_standings
    standings = find((study, track.value) for study, track in boards)
    first = {key: one.board.rows[:named] for key, one in standings.items() if one.board}
    slugs = {row.contender for rows in first.values() for row in rows}
    contenders = Contender.objects.in_bulk(slugs, field_name="slug")
    entries = []
    for study, track in boards:
        key = (study.pk, track.value)
        top = [Placed(row, contenders[row.contender]) for row in first.get(key, ())]
        entries.append(Entry(study, track, standings[key], top))
    return entries
