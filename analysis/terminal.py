"""A board in the terminal, with intervals drawn in characters on one scale."""

from __future__ import annotations

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from analysis.board import Board, BoardRow, bound
from analysis.whisker import Whisker, draw_whiskers

WIDTH = 16
"""Characters for the intervals: the table then fits 80 columns with contenders of 16 letters."""


def print_board(board: Board, console: Console, title: str) -> None:
    """Print a board: ranks with their ranges, ratings with their intervals, and what they rest on."""
    chart = draw_whiskers(board)
    table = Table(
        title=Text(title),
        caption=Text(_caption(board)),
        box=SIMPLE_HEAD,
        collapse_padding=True,
        pad_edge=False,
    )
    table.add_column("rank", justify="right", no_wrap=True)
    table.add_column("contender", no_wrap=True)
    table.add_column("rating", justify="right", no_wrap=True)
    table.add_column(f"{100 * board.settings['level']:g}% interval", justify="right", no_wrap=True)
    table.add_column(_scale(chart.axis.low, chart.axis.high), no_wrap=True)
    table.add_column("votes", justify="right", no_wrap=True)
    table.add_column("wins", justify="right", no_wrap=True)
    for row, whisker in zip(board.rows, chart.whiskers, strict=True):
        table.add_row(
            _rank(row),
            Text(row.contender),
            f"{row.rating:.0f}",
            f"{row.lower:.0f} to {row.upper:.0f}",
            _drawn(whisker),
            str(row.votes),
            f"{row.win_rate:.0%}",
        )
    console.print(table)
    for each in board.unrated:
        console.print(
            Text(f"{each.contender} has no finite rating yet: {each.reason}. {bound(each)}".rstrip())
        )


def _rank(row: BoardRow) -> str:
    """Write the rank by rating, with the range of ranks that the intervals allow in brackets."""
    return str(row.rank) if row.rank_low == row.rank_high else f"{row.rank} ({row.rank_low}–{row.rank_high})"


def _drawn(whisker: Whisker) -> str:
    lower, rating, upper = (round(x / 100 * (WIDTH - 1)) for x in whisker[1:])
    line = [" "] * lower + ["─"] * (upper - lower + 1)
    line[lower], line[upper] = "├", "┤"
    line[rating] = "●"
    return "".join(line)


def _scale(low: float, high: float) -> str:
    return f"{low:g}{high:>{WIDTH - len(f'{low:g}')}g}"


def _caption(board: Board) -> str:
    settings = board.settings
    groups = [f"{settings[name]} {name}" for name in ("raters", "prompts") if settings[name] is not None]
    intervals = f"intervals: {settings['covariance']}"
    anchor = f"; {settings['anchor'][0]} fixed at {settings['anchor'][1]:g}" if settings["anchor"] else ""
    counts = ", ".join([f"{settings['votes']} votes", *groups])
    return f"{counts}; {intervals}{anchor}"
