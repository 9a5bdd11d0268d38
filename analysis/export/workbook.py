"""Boards and tables as XLSX workbooks: the same numbers always give the same bytes."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import xlsxwriter

from analysis.board import Board, BoardRow
from analysis.export.text import board_values, refuse_taken, rounded

if TYPE_CHECKING:
    import pandas as pd
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

OPTIONS = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_numbers": False,
    "strings_to_urls": False,
}
"""Options of the writer: names that begin with `=` or `http:` stay text."""
CREATED = datetime(1980, 1, 1, tzinfo=UTC)
"""Date that every workbook carries, so that equal boards are equal files; it is that of the files inside."""
LONGEST_NAME = 31
"""Most characters of a sheet's name in Excel."""
LONGEST_TEXT = 32_767
"""Most characters of a cell in Excel."""
MOST_ROWS, MOST_COLUMNS = 1_048_576, 16_384
"""Most rows and columns of a sheet in Excel, the header included."""
FORBIDDEN = re.compile(r"[\[\]:*?/\\]")
"""Characters that Excel refuses in a sheet's name."""
WIDEST = 40
"""Most characters of a column's width."""


class Sheet(NamedTuple):
    """One sheet of a workbook, with a header."""

    name: str
    headings: Sequence[str]
    rows: Sequence[Sequence[Any]]
    """Cells of text, numbers and truth values; None and numbers that are not finite leave a cell empty."""


def to_xlsx(board: Board, extra_columns: Mapping[str, str | bool] | None = None) -> bytes:
    """Write a board as a workbook with the sheets `board`, `win rates`, `votes` and `settings`.

    Args:
        board: the board.
        extra_columns: columns to append to the first sheet, each with one value for all rows.

    Raises:
        ValueError: an extra column has the name of one of the board's, or a text is too long for a cell.
    """
    return write_workbook(board_sheets(board, extra_columns))


def board_sheets(board: Board, extra_columns: Mapping[str, str | bool] | None = None) -> list[Sheet]:
    """Lay a board out as sheets; contenders without a finite rating come last, with their one-sided bound."""
    extra = extra_columns or {}
    refuse_taken("column", extra, BoardRow._fields)
    rows = [(*values, *extra.values()) for values in board_values(board)]
    settings = [(name, _plain(value)) for name, value in board.settings.items()]
    return [
        Sheet("board", [*BoardRow._fields, *extra], rows),
        _matrix_sheet("win rates", board, lambda cell: rounded(cell.win_rate)),
        _matrix_sheet("votes", board, lambda cell: cell.votes),
        Sheet("settings", ["setting", "value"], settings),
    ]


def _matrix_sheet(name: str, board: Board, show: Any) -> Sheet:  # noqa: ANN401
    names = board.contenders
    rows = [(name, *map(show, cells)) for name, cells in zip(names, board.matrix, strict=True)]
    return Sheet(name, ["contender", *names], rows)


def _plain(value: object) -> object:
    return ", ".join(map(str, value)) if isinstance(value, list) else value


def frame_sheet(name: str, frame: pd.DataFrame) -> Sheet:
    """Lay a frame out as a sheet, with a column for each of its own and none for its index."""
    cells = frame.astype(object).where(frame.notna(), None)
    rows = [tuple(map(_cell, row)) for row in cells.itertuples(index=False, name=None)]
    return Sheet(name, [str(each) for each in frame.columns], rows)


def _cell(value: Any) -> Any:  # noqa: ANN401 - frames hold what they hold
    plain = value.item() if isinstance(value, np.generic) else value
    return plain if plain is None or isinstance(plain, bool | int | float | str) else str(plain)


def write_workbook(sheets: Iterable[Sheet]) -> bytes:
    """Write sheets as one workbook, each with a bold header that stays in view.

    Raises:
        ValueError: a text is too long for a cell, or a sheet has more rows or columns than Excel takes.
    """
    sheets = list(sheets)
    for sheet in sheets:
        _refuse_oversize(sheet)
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, OPTIONS) as book:
        book.set_properties({"created": CREATED})
        bold = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
        for name, sheet in zip(sheet_names([each.name for each in sheets]), sheets, strict=True):
            _fill(book.add_worksheet(name), sheet, bold)
    return out.getvalue()


def _fill(page: Worksheet, sheet: Sheet, bold: Format) -> None:
    page.freeze_panes(1, 1)
    page.write_row(0, 0, list(sheet.headings), bold)
    for number, row in enumerate(sheet.rows, start=1):
        for column, value in enumerate(row):
            _write(page, number, column, value)
    for column, heading in enumerate(sheet.headings):
        texts = [row[column] for row in sheet.rows if isinstance(row[column], str)]
        longest = max(map(len, [str(heading)[:12], *texts]), default=0)
        page.set_column(column, column, min(max(longest + 2, 9), WIDEST))


def _write(page: Worksheet, row: int, column: int, value: Any) -> None:  # noqa: ANN401
    if isinstance(value, bool):
        page.write_boolean(row, column, value)
    elif isinstance(value, str):
        page.write_string(row, column, value)
    elif value is not None and math.isfinite(value):
        page.write_number(row, column, value)


def _refuse_oversize(sheet: Sheet) -> None:
    size = (len(sheet.rows) + 1, len(sheet.headings))
    if size[0] > MOST_ROWS or size[1] > MOST_COLUMNS:
        raise ValueError(
            f"Sheet {sheet.name!r} must have at most {MOST_ROWS} rows and {MOST_COLUMNS} columns; got "
            f"{size[0]} and {size[1]}. Take CSV or Parquet."
        )
    for text in (cell for row in (sheet.headings, *sheet.rows) for cell in row if isinstance(cell, str)):
        if len(text) > LONGEST_TEXT:
            raise ValueError(
                f"A cell of sheet {sheet.name!r} must have at most {LONGEST_TEXT} characters; got "
                f"{len(text)}. Take CSV or Parquet."
            )


def sheet_names(wanted: Sequence[str]) -> list[str]:
    """Return names that Excel takes: short, without its special characters, and all different."""
    found: list[str] = []
    for name in wanted:
        plain = FORBIDDEN.sub("-", name).strip("' ")[:LONGEST_NAME] or "sheet"
        taken = {each.casefold() for each in found}
        number, chosen = 2, plain
        while chosen.casefold() in taken:
            suffix = f" {number}"
            chosen, number = plain[: LONGEST_NAME - len(suffix)] + suffix, number + 1
        found.append(chosen)
    return found
