"""Page context of a board: tiers of rows with whiskers, unrated contenders, and the matrix of wins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby

from analysis.board import MINIMUM, Board, BoardRow, Cell, bound
from analysis.whisker import Whisker, draw_whiskers
from arena.catalog.models import Contender
from arena.standings.standing import Standing
from elo import Unrated

FAINT_VOTES, PALE_VOTES = 10, 30
"""Votes below which a cell of the matrix is painted faint, and below which it is pale."""


def draw_board(standing: Standing) -> dict[str, object]:
    """Return the page's context, which is empty if there is no board."""
    board = standing.board
    if board is None:
        return {}
    slugs = [*board.contenders, *(each.contender for each in board.unrated)]
    names = Contender.objects.in_bulk(slugs, field_name="slug")
    chart = draw_whiskers(board)
    return {
        "axis": chart.axis,
        "tiers": _tiers(board.rows, names, chart.whiskers),
        "unrated": [_unrated(each, names[each.contender]) for each in board.unrated],
        "preliminary": sum(row.is_preliminary for row in board.rows),
        "minimum": MINIMUM,
        "matrix": _matrix(board, names),
        "settings": board.settings,
        "level": 100 * board.settings["level"],
    }


def _tiers(
    rows: Sequence[BoardRow], names: Mapping[str, Contender], whiskers: Sequence[Whisker]
) -> list[list[dict[str, object]]]:
    drawn = [_row(row, names[row.contender], whisker) for row, whisker in zip(rows, whiskers, strict=True)]
    return [list(items) for _, items in groupby(drawn, key=lambda item: item["tier"])]


def _unrated(each: Unrated, contender: Contender) -> dict[str, object]:
    return {"contender": contender, "reason": each.reason, "bound": bound(each)}


def _matrix(board: Board, names: Mapping[str, Contender]) -> list[dict[str, object]]:
    return [
        {"contender": names[row.contender], "cells": [_shown(cell) for cell in cells]}
        for row, cells in zip(board.rows, board.matrix, strict=True)
    ]


def _row(row: BoardRow, contender: Contender, whisker: Whisker) -> dict[str, object]:
    return {
        "row": row,
        "tier": row.tier,
        "contender": contender,
        "whisker": whisker,
        "win_percent": Cell(row.win_rate, row.votes).percent,
    }


def _shown(cell: Cell) -> dict[str, object]:
    if cell.win_rate is None:
        return {"votes": 0}
    return {
        "percent": cell.percent,
        "share": _step(cell.win_rate),
        "strength": _strength(cell.votes),
        "votes": cell.votes,
    }


def _step(share: float) -> int:
    """Return one of the colour scale's eleven steps, 0 to 10, for a share; 5 is even."""
    return round(10 * share)


def _strength(votes: int) -> str:
    if votes < FAINT_VOTES:
        return "faint"
    return "pale" if votes < PALE_VOTES else "full"
