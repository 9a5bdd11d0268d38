"""A board in every form that it can be downloaded in: the same board always gives the same bytes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeAlias

from analysis.board import Board, BoardRow
from analysis.export.text import board_values, refuse_taken, to_csv, to_json
from analysis.export.workbook import to_xlsx
from analysis.figures import charts
from analysis.figures.style import Figure
from analysis.report.board_sections import leaderboard_table
from analysis.report.markdown import to_markdown_table
from analysis.report.parts import Table
from analysis.report.tables import to_latex, to_parquet
from analysis.tables.leaderboard import board_frame

if TYPE_CHECKING:
    import pandas as pd

Extra: TypeAlias = Mapping[str, str | bool]


def board_table(board: Board) -> Table:
    """Return a board as a table with the columns that readers see."""
    return leaderboard_table(board_frame(board), float(board.settings["level"]))


def board_figure(board: Board) -> Figure:
    """Return the forest plot of a board."""
    return charts.forest(board_frame(board), float(board.settings["level"]))


def raw_frame(board: Board, extra_columns: Extra | None = None) -> pd.DataFrame:
    """Return the rows that CSV has, contenders without a finite rating included, as a frame.

    Raises:
        ValueError: an extra column has the name of one of the board's.
    """
    import pandas as pd  # the web process loads this package and needs no pandas

    extra = extra_columns or {}
    refuse_taken("column", extra, BoardRow._fields)
    return pd.DataFrame(board_values(board), columns=list(BoardRow._fields)).assign(**extra)


BOARD_FORMS: Mapping[str, Callable[[Board, Extra], bytes]] = {
    "csv": lambda board, extra: to_csv(board, extra).encode(),
    "json": lambda board, extra: to_json(board, extra).encode(),
    "md": lambda board, _: f"{to_markdown_table(board_table(board))}\n".encode(),
    "parquet": lambda board, extra: to_parquet(raw_frame(board, extra)),
    "pdf": lambda board, _: board_figure(board).pdf(),
    "png": lambda board, _: board_figure(board).png(),
    "svg": lambda board, _: board_figure(board).svg().encode(),
    "tex": lambda board, _: to_latex(board_table(board)).encode(),
    "xlsx": to_xlsx,
}
"""Forms by suffix. The extra columns go into `csv`, `json` (as keys), `parquet` and `xlsx`."""


def board_bytes(board: Board, form: str, extra: Extra | None = None) -> bytes:
    """Return a board in one of `BOARD_FORMS`.

    Raises:
        ValueError: the form is unknown, or an extra column has the name of one of the board's.
        ImportError: Parquet is asked for, and pyarrow is not installed.
    """
    if form not in BOARD_FORMS:
        raise ValueError(f"Format must be one of {', '.join(BOARD_FORMS)}; got {form}.")
    return BOARD_FORMS[form](board, extra or {})
