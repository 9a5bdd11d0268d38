"""A board as its page draws it: rows with their whiskers, the unrated, and who beats whom."""

from __future__ import annotations

from analysis.board import Cell, bound
from analysis.whisker import draw_whiskers
from arena.catalog.models import Contender
from arena.standings.boards import Standing


def draw_board(standing: Standing) -> dict[str, object]:
    if standing.board is None:
        return {}
    rows = standing.board.rows
    unrated = standing.board.unrated
    slugs = [*standing.board.contenders, *(each.contender for each in unrated)]
    names = Contender.objects.in_bulk(slugs, field_name="slug")
    chart = draw_whiskers(standing.board)
    return {
        "axis": chart.axis,
        "rows": [
            {
                "row": row,
                "contender": names[row.contender],
                "whisker": whisker,
                "win_percent": 100 * row.win_rate,
            }
            for row, whisker in zip(rows, chart.whiskers, strict=True)
        ],
        "unrated": [
            {"contender": names[each.contender], "reason": each.reason, "bound": bound(each)}
            for each in unrated
        ],
        "matrix": [
            {"contender": names[row.contender], "cells": [_shown(cell) for cell in cells]}
            for row, cells in zip(rows, standing.board.matrix, strict=True)
        ],
        "settings": standing.board.settings,
        "level": 100 * standing.board.settings["level"],
    }


def _shown(cell: Cell) -> dict[str, object]:
    if cell.win_rate is None:
        return {"votes": 0}
    return {"percent": 100 * cell.win_rate, "band": _band(cell.win_rate), "votes": cell.votes}


def _band(share: float) -> int:
    """One of eleven steps of the colour scale; 5 is even."""
    return round(10 * share)
