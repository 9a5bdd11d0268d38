"""Matrix of wins on a board's page: how strongly each cell is painted, and which page it leads to."""

from __future__ import annotations

from typing import NamedTuple

from django.utils.html import escape
from django.utils.safestring import SafeString

from analysis.board import Board, Cell
from arena.catalog.models import Contender
from arena.standings.pages.finding import BoardPage

FAINT_VOTES, PALE_VOTES = 10, 30
"""Votes below which a cell of the matrix is painted faint, and below which it is pale."""


NEVER_MET = '<td class="none">–</td>'


class MatrixRow(NamedTuple):
    """Credit that one contender took from each of the others, in the order of the board."""

    contender: Contender
    cells: SafeString
    """Cells as HTML: a template takes four times as long for thousands of them."""


def paint_matrix(page: BoardPage, board: Board) -> list[MatrixRow]:
    """Return the matrix of wins, whose cells lead to the page on each pair."""
    contenders = [page.contenders[slug] for slug in board.contenders]
    names = [str(escape(contender.public_slug)) for contender in contenders]
    address = str(escape(page.address("pair", "FIRST", "SECOND")))  # one lookup of the pattern for all cells
    rows = []
    for contender, name, cells in zip(contenders, names, board.matrix, strict=True):
        start, end = address.replace("FIRST", name).split("SECOND")
        painted = [_paint(cell, start + other + end) for cell, other in zip(cells, names, strict=True)]
        rows.append(MatrixRow(contender, SafeString("".join(painted))))
    return rows


def _paint(cell: Cell, url: str) -> str:
    """Return a cell as HTML, given the escaped address of its page."""
    if cell.win_rate is None:
        return NEVER_MET
    look = f"share-{_step(cell.win_rate)} {_strength(cell.votes)}"
    return f'<td class="{look}"><a href="{url}">{cell.percent}<small>{cell.votes}</small></a></td>'


def _step(share: float) -> int:
    """Return one of the colour scale's eleven steps, 0 to 10, for a share; 5 is even."""
    return round(10 * share)


def _strength(votes: int) -> str:
    if votes < FAINT_VOTES:
        return "faint"
    return "pale" if votes < PALE_VOTES else "full"
