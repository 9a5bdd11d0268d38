from __future__ import annotations

import io

import pandas as pd
import pytest

from analysis.board import Board, build_board
from analysis.export import to_csv
from analysis.forms import BOARD_FORMS, board_bytes
from tests.factories_elo import Cell, World, votes_of

BOARD = build_board(World(votes=800).draw(1))
STARTS = {
    "csv": b"rank,rank_low",
    "json": b"{\n",
    "md": b"| rank | contender |",
    "parquet": b"PAR1",
    "pdf": b"%PDF",
    "png": b"\x89PNG",
    "svg": b"<?xml",
    "tex": b"\\begin{tabular}{rl",
    "xlsx": b"PK",
}


@pytest.mark.parametrize("form", BOARD_FORMS)
def test_every_form_has_its_kind_and_the_same_bytes_again(form: str) -> None:
    content = board_bytes(BOARD, form, {"simulated": True})
    assert content.startswith(STARTS[form])
    assert content == board_bytes(BOARD, form, {"simulated": True})


def test_parquet_has_the_rows_of_csv() -> None:
    found = pd.read_parquet(io.BytesIO(board_bytes(BOARD, "parquet", {"simulated": True})))
    expected = pd.read_csv(io.StringIO(to_csv(BOARD, {"simulated": True})))
    pd.testing.assert_frame_equal(found, expected, check_dtype=False)


@pytest.mark.parametrize("form", BOARD_FORMS)
def test_boards_without_raters_or_with_unrated_contenders_have_every_form(form: str) -> None:
    board: Board = build_board(
        votes_of(*(Cell("x", "y", each, 3) for each in "ab"), Cell("new", "x", "a", 4))
    )
    assert board_bytes(board, form)


def test_an_unknown_form_is_refused_with_those_known() -> None:
    with pytest.raises(ValueError, match="one of csv, json, md, parquet, pdf, png, svg, tex, xlsx; got docx"):
        board_bytes(BOARD, "docx")
