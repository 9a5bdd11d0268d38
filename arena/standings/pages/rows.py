"""Lines of a board as its page shows them: the row, the contender, what is known of it, and its whisker."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from analysis.board import BoardRow, Cell
from analysis.whisker import Axis, Whisker, draw_whiskers
from arena.catalog.models import Contender
from arena.standings.pages.facts import UNKNOWN, Facts, contender_facts
from arena.standings.pages.finding import BoardPage
from arena.standings.pages.sparks import draw_sparks


@dataclass(frozen=True)
class Line:
    """One contender's line."""

    row: BoardRow
    contender: Contender
    facts: Facts
    whisker: Whisker
    url: str
    """Address of the contender's page."""
    spark: str = ""
    """Points of the line of its rating over time, in a box of 100 by 20; empty without a history."""

    @property
    def win_percent(self) -> int | None:
        """Win rate in whole per cent, with a tie or both bad as half a win."""
        return Cell(self.row.win_rate, int(self.row.votes)).percent

    # Paths are written here: a template's `floatformat` takes most of the time of a page of 40 rows.

    @property
    def span(self) -> str:
        """Path of the interval, in a box of 100 by 8."""
        return f"M{self.whisker.lower:.2f} 4H{self.whisker.upper:.2f}"

    @property
    def point(self) -> str:
        """Place of the rating on the axis."""
        return f"{self.whisker.rating:.2f}"

    @property
    def shares(self) -> list[tuple[str, str]]:
        """Kinds of answers, each with the path of its part of a bar of 100 by 4."""
        counts = {
            "won": self.row.wins,
            "tied": self.row.ties,
            "bad": self.row.both_bad,
            "lost": self.row.losses,
        }
        parts, left = [], 0.0
        for kind, count in counts.items():
            width = 100 * count / self.row.votes
            parts.append((kind, f"M{left:.1f} 0h{width:.1f}v4h-{width:.1f}z"))
            left += width
        return parts

    @property
    def released_on(self) -> date | None:
        """Day of release; None if unknown, or while the identity is withheld."""
        return None if self.contender.is_withheld else self.contender.released_on

    @property
    def open_weights(self) -> bool | None:
        """Whether weights are open; None if unknown, or while the identity is withheld."""
        return None if self.contender.is_withheld else self.contender.open_weights

    @property
    def searched(self) -> str:
        """Text that a search by name looks in."""
        return f"{self.contender.shown_name} {self.contender.shown_origin}".casefold()


def draw_grid(axis: Axis) -> str:
    """Return the path of the grid behind every interval, in a box of 100 by 8."""
    return "".join(f"M{tick.x:.2f} 0V8" for tick in axis.ticks)


def board_lines(page: BoardPage) -> tuple[Axis, list[Line]]:
    """Return the axis of a board and its lines, best first; the board must exist."""
    board = page.standing.board
    if board is None:
        raise ValueError("The standing must have a board; got none. Show what is missing.")
    chart, facts, sparks = draw_whiskers(board), contender_facts(page), draw_sparks(page, board)
    lines = []
    for row, whisker in zip(board.rows, chart.whiskers, strict=True):
        contender = page.contenders[row.contender]
        url = page.address("contender", contender.public_slug)
        known = facts.get(row.contender, UNKNOWN)
        lines.append(Line(row, contender, known, whisker, url, sparks.get(row.contender, "")))
    return chart.axis, lines
