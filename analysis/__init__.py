"""Boards over what elo returns: values for pages, exports, and the terminal."""

from __future__ import annotations

from analysis.board import Board, BoardRow, Cell, bound, build_board
from analysis.export import to_csv, to_json
from analysis.terminal import print_board
from analysis.whisker import Axis, Chart, Tick, Whisker, draw_whiskers

__all__ = [
    "Axis",
    "Board",
    "BoardRow",
    "Cell",
    "Chart",
    "Tick",
    "Whisker",
    "bound",
    "build_board",
    "draw_whiskers",
    "print_board",
    "to_csv",
    "to_json",
]
