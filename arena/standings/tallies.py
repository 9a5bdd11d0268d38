"""Tallies: the votes that count, as input for the rating engine, from the sheets kept in this process."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Sequence
from datetime import datetime
from threading import Lock
from typing import NamedTuple

import numpy as np

from arena.standings.board_votes import BoardKey, BoardVotes, Version, time_of
from arena.standings.grouping import Entries, Groups, can_group
from arena.standings.slices import WHOLE, Slice
from arena.voting.consistent import consistent_read
from arena.voting.ledger import ledger_head
from arena.voting.models import Study
from arena.voting.modes import sheet_name
from elo import OUTCOMES, Votes
from elo.models.grouped import GroupedVotes
from elo.models.specification import Specification
from elo.votes.coding import Coded
from elo.votes.columns import Columns

HALF_WIN = Specification()
MANY = 20_000
"""Entries from which votes are counted by cluster as they come."""
MOST_GROUPS = 4
"""Slices of a board whose counts are kept in memory."""
MOST_BOARDS = 32
"""Boards kept in memory, of which each takes some 25 bytes a vote."""


class Tallied(NamedTuple):
    """Votes that count on one board, with prompts and raters as clusters."""

    votes: Votes | GroupedVotes | None
    """Votes of the board, or counts by cluster where they are many; None if there are none."""
    last_vote: datetime | None
    """Time of the last vote; None if there are none."""


NOTHING = Tallied(None, None)


class KeptBoards:
    """The boards that were used last, in this process."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = Lock()
        self._boards: OrderedDict[BoardKey, BoardVotes] = OrderedDict()

    def __getitem__(self, key: BoardKey) -> BoardVotes:
        with self._lock:
            board = self._boards.setdefault(key, BoardVotes(key))
            self._boards.move_to_end(key)
            while len(self._boards) > self._most:
                self._boards.popitem(last=False)
            return board


BOARDS = KeptBoards(MOST_BOARDS)


class AtHead(NamedTuple):
    """Votes with the state of the database that they are from."""

    tallied: Tallied
    head: str
    """Hash of the last entry of the study's ledger."""
    version: Version
    """Version of the board's sheets."""


def votes_at_head(
    *, study: Study, track: str, part: Slice = WHOLE, specification: Specification = HALF_WIN
) -> AtHead:
    """Return the votes that count in a slice and the ledger head, read in one snapshot.

    Counts by cluster change with the next call: use them while holding its lock.

    Args:
        study: the study.
        track: one of its tracks.
        part: the slice.
        specification: the model that they are for.
    """
    board = BOARDS[study.pk, part.sheets(track)]
    with board.lock:
        with consistent_read():
            head, version = ledger_head(study), board.bring_up_to_date()
        tallied = _tallied(board, part, specification)
        board.keep()
        return AtHead(tallied, head, version)


def answers_on(*, study: Study, track: str, one: str, other: str, mode: str = "") -> Counter[tuple[str, str]]:
    """Count the answers that count on two contenders, by the contender on side a and the outcome."""
    board = BOARDS[study.pk, sheet_name(track, mode)]
    with board.lock:
        with consistent_read():
            board.bring_up_to_date()
        sides = ((one, other), (other, one))
        return Counter({(a, word): board.answers[a, b, word] for a, b in sides for word in OUTCOMES})


def read_votes(*, study: Study, track: str, part: Slice = WHOLE) -> Votes | None:
    """Return the votes that count of a study on one track, or in a slice of it; None if there are none."""
    board = BOARDS[study.pk, part.sheets(track)]
    with board.lock:
        with consistent_read():
            board.bring_up_to_date()
        entries = board.counting(part)
        return votes_of(board, entries) if len(entries) else None


def _tallied(board: BoardVotes, part: Slice, specification: Specification) -> Tallied:
    if len(board.entries) >= MANY:
        names, _ = board.facts.numbered_contenders()
        clusters = max(len(board.raters), len(set(board.facts.prompt_numbers)))
        if can_group(specification, len(names), clusters):
            return _grouped(board, part, specification)
    entries = board.counting(part)
    if not len(entries):
        return NOTHING
    return Tallied(votes_of(board, entries, specification.covariates), _last_vote(entries))


def _grouped(board: BoardVotes, part: Slice, specification: Specification) -> Tallied:
    """Return counts by cluster, in which only new entries are added."""
    names, _ = board.facts.numbered_contenders()
    groups = board.groups.pop((part, specification), None)
    if groups is None or groups.names != names:
        groups = Groups(names, part, specification)
    board.groups[part, specification] = groups
    while len(board.groups) > MOST_GROUPS:
        board.groups.popitem(last=False)
    groups.take(board.entries, board.facts, board.inside)
    found = groups.votes.value(lambda: votes_of(board, board.counting(part)))
    if not found.contenders:
        return NOTHING
    last = _last_vote(board.counting(part)) if groups.latest is None else time_of(groups.latest)
    return Tallied(found, last)


def _last_vote(entries: Entries) -> datetime:
    return time_of(int(entries["at"].max()))


def votes_of(board: BoardVotes, entries: Entries, covariates: Sequence[str] = ()) -> Votes:
    """Return entries of a board as votes, with differences of the clips' features as covariates.

    Raises:
        Unmeasured: a feature isn't recorded of some clip.
    """
    slugs, contender = board.facts.numbered_contenders()
    keys, prompt = np.unique(board.facts.prompts, return_inverse=True)
    a, b = entries["a"].astype(np.intp), entries["b"].astype(np.intp)
    labels = {
        "contender_a": Coded(contender[a].astype(np.uint32), slugs),
        "contender_b": Coded(contender[b].astype(np.uint32), slugs),
        "outcome": Coded(entries["outcome"], OUTCOMES),
        "prompt": Coded(prompt[a].astype(np.uint32), tuple(str(key) for key in keys)),
        "rater": Coded(entries["rater"], tuple(str(rater) for rater in board.raters)),
    }
    differences = {name: board.facts.differences(name, a, b) for name in covariates}
    return Votes.from_coded(Columns(labels, covariates=differences))
