"""Tallies: the votes that count, as input for the rating engine, from the sheets kept in this process."""

from __future__ import annotations

from collections import Counter, OrderedDict
from datetime import datetime
from threading import Lock
from typing import NamedTuple

import numpy as np

from arena.standings.board_votes import BoardKey, BoardVotes, Entries, Version, time_of
from arena.standings.slices import WHOLE, Slice
from arena.voting.consistent import consistent_read
from arena.voting.ledger import ledger_head
from arena.voting.models import Study
from elo import OUTCOMES, Votes
from elo.votes.coding import Coded
from elo.votes.columns import Columns

MOST_BOARDS = 32
"""Boards kept in memory, of which each takes some 25 bytes a vote."""


class Tallied(NamedTuple):
    """Votes that count on one board, with prompts and raters as clusters."""

    votes: Votes | None
    """Votes of the board; None if there are none."""
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


def votes_at_head(*, study: Study, track: str, part: Slice = WHOLE) -> AtHead:
    """Return the votes that count in a slice and the ledger head, read in one snapshot."""
    board = BOARDS[study.pk, track]
    with board.lock:
        with consistent_read():
            head, version = ledger_head(study), board.bring_up_to_date()
        return AtHead(_tallied(board, board.counting(part)), head, version)


def answers_on(*, study: Study, track: str, one: str, other: str) -> Counter[tuple[str, str]]:
    """Count the answers that count on two contenders, by the contender on side a and the outcome."""
    board = BOARDS[study.pk, track]
    with board.lock:
        with consistent_read():
            board.bring_up_to_date()
        sides = ((one, other), (other, one))
        return Counter({(a, word): board.answers[a, b, word] for a, b in sides for word in OUTCOMES})


def read_votes(*, study: Study, track: str, part: Slice = WHOLE) -> Tallied:
    """Return the votes that count of a study on one track, or in a slice of it."""
    return votes_at_head(study=study, track=track, part=part).tallied


def _tallied(board: BoardVotes, entries: Entries) -> Tallied:
    if not len(entries):
        return NOTHING
    names, contender = np.unique(board.facts.contenders, return_inverse=True)
    keys, prompt = np.unique(board.facts.prompts, return_inverse=True)
    slugs = tuple(str(name) for name in names)
    a, b = entries["a"].astype(np.intp), entries["b"].astype(np.intp)
    labels = {
        "contender_a": Coded(contender[a].astype(np.uint32), slugs),
        "contender_b": Coded(contender[b].astype(np.uint32), slugs),
        "outcome": Coded(entries["outcome"], OUTCOMES),
        "prompt": Coded(prompt[a].astype(np.uint32), tuple(str(key) for key in keys)),
        "rater": Coded(entries["rater"], tuple(str(rater) for rater in board.raters)),
    }
    return Tallied(Votes.from_coded(Columns(labels)), time_of(int(entries["at"].max())))
