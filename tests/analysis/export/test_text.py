from __future__ import annotations

import csv
import dataclasses
import io
import json
from typing import Any

import pytest

from analysis import Board, BoardRow, build_board, to_csv, to_json
from tests.factories_elo import Cell, World, votes_of


def small_board(**changed: Any) -> Board:  # noqa: ANN401
    board = build_board(votes_of(Cell("x", "y", "a", 3), Cell("x", "y", "b", 3)))
    first = board.rows[0]._replace(**changed)
    return dataclasses.replace(board, rows=(first, *board.rows[1:]))


def read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_csv_has_a_header_and_a_row_for_each_contender() -> None:
    board = build_board(World(votes=800).draw(1))
    text = to_csv(board)
    assert text.splitlines()[0] == ",".join(BoardRow._fields)
    assert [row["contender"] for row in read(text)] == list(board.contenders)
    assert float(read(text)[0]["upper"]) == pytest.approx(board.rows[0].upper, abs=5e-5)


def test_csv_leaves_unrecorded_counts_empty() -> None:
    assert to_csv(small_board()).splitlines()[1].endswith(",6,3,3,0,0,0.5,,")


def test_csv_takes_constant_columns() -> None:
    rows = read(to_csv(small_board(), {"simulated": True, "final": False, "study": "pilot, spring"}))
    assert [(row["simulated"], row["final"], row["study"]) for row in rows] == [
        ("true", "false", "pilot, spring")
    ] * 2


def test_csv_keeps_awkward_names_whole() -> None:
    name = 'a "quoted", two\nlined name'
    assert read(to_csv(small_board(contender=name)))[0]["contender"] == name


def test_json_holds_rows_matrix_settings_and_what_is_added() -> None:
    board = build_board(World(votes=800).draw(1))
    document = json.loads(to_json(board, {"simulated": True, "snapshot": {"ledger": "abc"}}))
    assert set(document) == {"rows", "unrated", "matrix", "settings", "simulated", "snapshot"}
    assert document["settings"] == board.settings
    assert document["rows"][0].keys() == set(BoardRow._fields)
    assert document["matrix"]["contenders"] == list(board.contenders)
    assert document["matrix"]["votes"][0][1] == board.matrix[0][1].votes
    assert document["matrix"]["win_rates"][0][0] is None


def test_contenders_without_a_finite_rating_come_last_with_their_bound() -> None:
    even = [Cell("x", "y", outcome, 3) for outcome in "ab"]
    board = build_board(votes_of(*even, Cell("new", "x", "a", 4), Cell("y", "old", "a", 4)))
    *_, new, old = read(to_csv(board))
    assert [new[name] for name in ("contender", "rating", "rank", "upper", "votes")] == [
        "new",
        "",
        "",
        "",
        "4",
    ]
    assert (old["contender"], old["lower"], old["losses"]) == ("old", "", "4")
    assert float(old["upper"]) < 1000 < float(new["lower"])
    document = json.loads(to_json(board))["unrated"]
    assert [each["contender"] for each in document] == ["new", "old"]
    assert document[0]["upper"] is None
    assert document[0]["reason"] == "it won all its 4 votes"


def test_json_has_null_for_numbers_it_cannot_hold() -> None:
    document = json.loads(to_json(small_board(upper=float("inf")), {"cost": [float("nan")]}))
    assert document["rows"][0]["upper"] is None
    assert document["cost"] == [None]


def test_json_keys_are_sorted_whatever_order_they_came_in() -> None:
    board = small_board()
    assert to_json(board, {"p": 1, "q": 2}) == to_json(board, {"q": 2, "p": 1})


def test_the_same_votes_in_another_order_give_the_same_bytes() -> None:
    cells = [Cell("x", "y", "a", 3), Cell("y", "z", "a", 2), Cell("z", "x", "a", 4), Cell("x", "z", "tie", 1)]
    forth, back = build_board(votes_of(*cells)), build_board(votes_of(*reversed(cells)))
    assert to_csv(forth) == to_csv(back)
    assert to_json(forth) == to_json(back)


def test_a_minus_before_zero_is_dropped() -> None:
    assert ",-0.0," not in to_csv(small_board(rating=-1e-9))
    assert json.loads(to_json(small_board(rating=-1e-9)))["rows"][0]["rating"] == 0


def test_what_is_added_may_not_replace_the_boards_own() -> None:
    with pytest.raises(ValueError, match="Extra column rating is taken"):
        to_csv(small_board(), {"rating": "mine"})
    with pytest.raises(
        ValueError, match=r"Extra key settings is taken\. The board's own: rows, unrated, matrix, settings\."
    ):
        to_json(small_board(), {"settings": {}})
