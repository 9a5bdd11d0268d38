"""Content of a contender's page: its standing, what is known of it, and its differences from the others."""

from __future__ import annotations

from typing import Any, NamedTuple

from analysis.board import Board, Cell, bound
from arena.catalog.models import Contender
from arena.standings.pages.finding import BoardPage
from arena.standings.pages.method import told_missing
from arena.standings.pages.rows import board_lines
from elo import Interval


class Rival(NamedTuple):
    """Another contender of the board, as seen from the page's one."""

    place: int
    contender: Contender
    difference: Interval
    cell: Cell
    url: str
    """Address of the page on the two."""

    @property
    def verdict(self) -> str:
        """What the interval of the difference says, in a word."""
        if self.difference.lower > 0:
            return "ahead"
        return "behind" if self.difference.upper < 0 else "open"


def contender_context(page: BoardPage, contender: Contender) -> dict[str, Any]:
    """Return the page's content; without a finite rating it says why there is none."""
    board = page.standing.board
    if board is None or contender.slug not in board.contenders:
        return {"contender": contender, "line": None, "why": _why(page, contender)}
    axis, lines = board_lines(page)
    return {
        "contender": contender,
        "axis": axis,
        "line": next(line for line in lines if line.row.contender == contender.slug),
        "rivals": _rivals(page, board, contender),
        "level": 100 * board.settings["level"],
        "settings": board.settings,
    }


def _why(page: BoardPage, contender: Contender) -> str:
    board = page.standing.board
    unrated = board.unrated if board else ()
    for one in unrated:
        if one.contender == contender.slug:
            return f"No finite rating yet: {one.reason}. {bound(one)}"
    for short in page.standing.unlisted:
        if short.contender == contender.slug:
            return f"Not listed yet: it needs {told_missing(short)}."
    return page.standing.missing or "No vote on it counts yet."


def _rivals(page: BoardPage, board: Board, contender: Contender) -> list[Rival]:
    ratings = page.standing.ratings
    if ratings is None:
        return []
    own = board.contenders.index(contender.slug)
    rivals = []
    for place, slug in enumerate(board.contenders):
        if slug != contender.slug:
            other = page.contenders[slug]
            difference = ratings.difference(contender.slug, slug)
            url = page.address("pair", contender.public_slug, other.public_slug)
            rivals.append(Rival(board.rows[place].rank, other, difference, board.matrix[own][place], url))
    return rivals
