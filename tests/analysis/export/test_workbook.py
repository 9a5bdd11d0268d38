from __future__ import annotations

import datetime
import io
import zipfile
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

from analysis import build_board, to_xlsx
from analysis.board import BoardRow
from analysis.export.workbook import Sheet, frame_sheet, sheet_names, write_workbook
from tests.factories_elo import Cell, World, votes_of

BOARD = build_board(World(votes=800).draw(1))
NAMES = {"s": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}


def read(content: bytes) -> dict[str, list[list[object]]]:
    """Read the sheets of a workbook by the Office Open XML standard: text, numbers and truth values."""
    book = zipfile.ZipFile(io.BytesIO(content))
    strings = ElementTree.fromstring(book.read("xl/sharedStrings.xml"))
    texts = ["".join(part.itertext()) for part in strings.findall("s:si", NAMES)]
    sheets = ElementTree.fromstring(book.read("xl/workbook.xml")).findall("s:sheets/s:sheet", NAMES)
    found = {}
    for number, sheet in enumerate(sheets, start=1):
        page = ElementTree.fromstring(book.read(f"xl/worksheets/sheet{number}.xml"))
        assert not page.findall(".//s:f", NAMES), "a formula"
        rows = page.findall("s:sheetData/s:row", NAMES)
        found[sheet.attrib["name"]] = [[_value(cell, texts) for cell in row] for row in rows]
    return found


def _value(cell: ElementTree.Element, texts: list[str]) -> object:
    value = cell.findtext("s:v", "", NAMES)
    kind = cell.get("t")
    if kind == "s":
        return texts[int(value)]
    return value == "1" if kind == "b" else float(value)


def test_a_board_has_its_rows_its_pairs_and_its_settings() -> None:
    sheets = read(to_xlsx(BOARD, {"simulated": True, "study": "spring"}))
    assert list(sheets) == ["board", "win rates", "votes", "settings"]
    head, *rows = sheets["board"]
    assert head == [*BoardRow._fields, "simulated", "study"]
    assert [row[head.index("contender")] for row in rows] == list(BOARD.contenders)
    assert rows[0][head.index("upper")] == pytest.approx(BOARD.rows[0].upper, abs=5e-5)
    assert rows[0][-2:] == [True, "spring"]
    assert sheets["votes"][1][2] == BOARD.matrix[0][1].votes
    assert ["level", 0.95] in sheets["settings"]
    assert ["clusters", "prompt, rater"] in sheets["settings"]


def test_contenders_without_a_finite_rating_come_last() -> None:
    even = [Cell("x", "y", outcome, 3) for outcome in "ab"]
    board = build_board(votes_of(*even, Cell("new", "x", "a", 4)))
    last = read(to_xlsx(board))["board"][-1]
    assert last[0] == "new"
    assert 4.0 in last


def test_the_same_board_gives_the_same_bytes() -> None:
    assert to_xlsx(BOARD) == to_xlsx(build_board(World(votes=800).draw(1)))


def test_texts_stay_texts() -> None:
    cells = ["=1+1", "http://example.org", "0012", " ", "a\nb"]
    assert read(write_workbook([Sheet("x", ["one"], [[cell] for cell in cells])]))["x"][1:] == [
        [cell] for cell in cells
    ]


def test_a_frame_keeps_its_kinds_and_leaves_unknown_cells_empty() -> None:
    frame = pd.DataFrame(
        {
            "count": [3, 4],
            "share": [np.nan, 0.25],
            "flag": [True, False],
            "name": ["x", None],
            "day": [datetime.date(2026, 1, 2)] * 2,
        }
    )
    assert read(write_workbook([frame_sheet("f", frame)]))["f"] == [
        ["count", "share", "flag", "name", "day"],
        [3.0, True, "x", "2026-01-02"],
        [4.0, 0.25, False, "2026-01-02"],
    ]


def test_numbers_that_are_not_finite_leave_a_cell_empty() -> None:
    sheet = Sheet("x", ["one", "two"], [[float("inf"), 2], [float("-inf"), None]])
    assert read(write_workbook([sheet]))["x"][1] == [2.0]


def test_names_of_sheets_are_those_that_excel_takes() -> None:
    assert sheet_names(["a/b", "A-B", "x" * 40, "x" * 50, "''", "Slices by [tag]"]) == [
        "a-b",
        "A-B 2",
        "x" * 31,
        "x" * 29 + " 2",
        "sheet",
        "Slices by -tag-",
    ]


def test_what_excel_cannot_hold_is_refused() -> None:
    with pytest.raises(ValueError, match="at most 32767 characters; got 32768"):
        write_workbook([Sheet("x", ["one"], [["a" * 32768]])])
    with pytest.raises(ValueError, match="16384 columns; got 1 and 16385"):
        write_workbook([Sheet("x", ["h"] * 16385, [])])


def test_an_extra_column_may_not_take_a_name_of_the_boards() -> None:
    with pytest.raises(ValueError, match="Extra column rating is taken"):
        to_xlsx(BOARD, {"rating": "mine"})
