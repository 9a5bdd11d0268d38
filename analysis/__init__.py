"""Boards over what elo returns: values for pages, exports, and the terminal."""

from __future__ import annotations

from analysis.board import MINIMUM, Board, BoardRow, Cell, Evidence, bound, build_board
from analysis.export import to_csv, to_json, to_xlsx
from analysis.terminal import print_board
from analysis.whisker import Axis, Chart, Tick, Whisker, draw_whiskers

__all__ = [
    "MINIMUM",
    "Axis",
    "Board",
    "BoardRow",
    "Cell",
    "Chart",
    "Evidence",
    "Tick",
    "Whisker",
    "bound",
    "build_board",
    "draw_whiskers",
    "print_board",
    "to_csv",
    "to_json",
    "to_xlsx",
]
