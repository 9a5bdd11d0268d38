"""List of boards, with one entry for each study and track."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from arena.catalog.models import Contender
from arena.standings.boards import current_standings
from arena.standings.standing import Standing
from arena.voting.models import Study
from generators.base import Track


class Entry(NamedTuple):
    """Study, track, standing and leader of one board in the list."""

    study: Study
    track: Track
    standing: Standing
    leader: Contender | None


def list_boards(studies: Iterable[Study]) -> list[Entry]:
    """Return the boards of presentable studies, in four queries unless there are new votes."""
    boards = [(study, Track(name)) for study in studies for name in study.tracks]
    standings = current_standings((study, track.value) for study, track in boards)
    first = {key: one.board.contenders[0] for key, one in standings.items() if one.board}
    contenders = Contender.objects.in_bulk(set(first.values()), field_name="slug")
    entries = []
    for study, track in boards:
        key = (study.pk, track.value)
        leader = contenders.get(first.get(key, ""))
        entries.append(Entry(study, track, standings[key], leader))
    return entries
