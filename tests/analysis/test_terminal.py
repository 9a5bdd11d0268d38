from __future__ import annotations

import io

from rich.console import Console

from analysis import Board, build_board, print_board
from tests.factories_elo import Cell, World, votes_of


def printed(board: Board, title: str = "Pilot") -> str:
    text = io.StringIO()
    print_board(board, Console(file=text, width=140, color_system=None), title)
    return text.getvalue()


def test_each_contender_has_a_line_with_its_numbers() -> None:
    board = build_board(World(votes=800).draw(1))
    text = printed(board, "Pilot study")
    assert "Pilot study" in text
    assert "95% interval" in text
    for row in board.rows:
        line = next(line for line in text.splitlines() if row.contender in line)
        assert row.rank_low == row.rank_high or f"{row.rank} ({row.rank_low}–{row.rank_high})" in line
        assert f"{row.rating:.0f}" in line
        assert f"{row.lower:.0f} to {row.upper:.0f}" in line
        assert f"{row.win_rate:.0%}" in line


def test_a_board_fits_a_terminal_of_80_columns_with_nothing_cut() -> None:
    text = io.StringIO()
    board = build_board(
        votes_of(Cell("wrong-attributes", "truth", "a", 60), Cell("wrong-attributes", "truth", "b", 50))
    )
    print_board(board, Console(file=text, width=80, color_system=None), "Pilot")
    assert "…" not in text.getvalue()
    assert "wrong-attributes" in text.getvalue()


def test_intervals_are_drawn_on_one_scale() -> None:
    text = printed(build_board(votes_of(Cell("x", "y", "a", 90), Cell("x", "y", "b", 10))))
    better, worse = (next(line for line in text.splitlines() if f" {name} " in line) for name in "xy")
    assert better.index("├") < better.index("●") < better.index("┤")
    assert worse.index("┤") < better.index("├")


def test_an_anchor_is_drawn_as_a_point() -> None:
    board = build_board(World(votes=800).draw(1), anchor=("m03", 1000.0))
    text = printed(board)
    line = next(line for line in text.splitlines() if "m03" in line)
    assert "●" in line
    assert "├" not in line
    assert "m03 fixed at 1000" in text


def test_the_caption_says_what_the_intervals_rest_on() -> None:
    text = " ".join(printed(build_board(World(votes=800, raters=20, prompts=30).draw(1))).split())
    assert "800 votes, 20 raters, 30 prompts; intervals: two-way CR3 by prompt and rater" in text


def test_names_are_not_read_as_markup() -> None:
    board = build_board(votes_of(Cell("[red]x[/red]", "[/y]", "tie")))
    text = printed(board, "[bold]title")
    assert "[red]x[/red]" in text
    assert "[/y]" in text
    assert "[bold]title" in text
