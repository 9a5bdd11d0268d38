"""Contenders that a board lists: those with the votes, raters and prompts that the terms ask for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from analysis.board import Board, BoardRow
from arena.standings.standing import Standing, Unlisted
from arena.standings.steps import steps_down
from arena.voting.models import Study
from arena.voting.terms import Terms
from elo import Ratings


@dataclass(frozen=True)
class Minimum:
    """Counts that a contender needs."""

    votes: int = 0
    raters: int = 0
    prompts: int = 0

    @classmethod
    def of(cls, study: Study) -> Minimum:
        """Return the counts that a study's terms ask for."""
        terms = Terms.of(study.terms)
        return cls(terms.min_votes, terms.min_raters, terms.min_prompts)

    def missing(self, row: BoardRow) -> Mapping[str, int]:
        """Return how many votes, raters and prompts a row still needs; empty where it has enough."""
        wanted = {"votes": self.votes, "raters": self.raters, "prompts": self.prompts}
        short = {name: least - (getattr(row, name) or 0) for name, least in wanted.items()}
        return {name: count for name, count in short.items() if count > 0}

    def holds(self, row: BoardRow) -> bool:
        """Return whether a row has enough."""
        return not self.missing(row)


EVERYBODY = Minimum()


def list_contenders(standing: Standing, minimum: Minimum) -> Standing:
    """Return a standing whose board lists the contenders that have enough, with places among these.

    All votes stay in the fit: those on contenders that are not listed tell about the others, too.
    """
    board, ratings = standing.board, standing.ratings
    if minimum == EVERYBODY or board is None or ratings is None:
        return standing
    unlisted = tuple(
        Unlisted(row.contender, row.votes, row.raters or 0, row.prompts or 0, dict(minimum.missing(row)))
        for row in board.rows
        if not minimum.holds(row)
    )
    if not any(map(minimum.holds, board.rows)):
        missing = "No contender has as many votes, raters and prompts as the study asks for yet."
        return replace(
            standing, board=None, missing=missing, unlisted=unlisted, steps=(), leader=None, ratings=None
        )
    listed = list_rows(board, ratings, minimum)
    leader = standing.leader if listed.contenders[0] == board.contenders[0] else None
    return replace(
        standing, board=listed, unlisted=unlisted, steps=steps_down(listed, ratings), leader=leader
    )


def listed_rows(rows: Sequence[BoardRow], minimum: Minimum) -> tuple[BoardRow, ...]:
    """Return the rows with enough, with their places among these."""
    kept = [row for row in rows if minimum.holds(row)]
    return tuple(row._replace(rank=_rank(row, kept)) for row in kept)


def list_rows(board: Board, ratings: Ratings, minimum: Minimum) -> Board:
    """Return a board of the rows with enough, at least one, with places and tiers among these."""
    kept = [place for place, row in enumerate(board.rows) if minimum.holds(row)]
    if len(kept) == len(board.rows):
        return board
    rows = [board.rows[place] for place in kept]
    order = [ratings.contenders.index(row.contender) for row in rows]
    lower, _ = ratings.simultaneous()
    # Whether one listed contender is distinctly above another, shape (listed, listed).
    above = (lower > 0)[np.ix_(order, order)]
    tiers = {tier: number for number, tier in enumerate(sorted({row.tier for row in rows}), 1)}
    placed = [
        row._replace(
            rank=_rank(row, rows),
            rank_low=1 + int(above[:, place].sum()),
            rank_high=len(rows) - int(above[place].sum()),
            tier=tiers[row.tier],
        )
        for place, row in enumerate(rows)
    ]
    matrix = tuple(tuple(board.matrix[one][other] for other in kept) for one in kept)
    return replace(board, rows=tuple(placed), matrix=matrix)


def _rank(row: BoardRow, among: Sequence[BoardRow]) -> int:
    return 1 + sum(other.rank < row.rank for other in among)
