from __future__ import annotations

import json
from typing import Any

import pytest

from elo.votes.shapes import WRAPPERS, parse, table_of

ROWS: list[dict[str, Any]] = [
    {"contender_a": "x", "contender_b": "y", "outcome": "a"},
    {"contender_a": "y", "contender_b": "z", "outcome": "tie"},
]
TABLE = {"contender_a": ["x", "y"], "contender_b": ["y", "z"], "outcome": ["a", "tie"]}
NAMES = list(TABLE)
VALUES = [list(row.values()) for row in ROWS]


@pytest.mark.parametrize(
    "value",
    [
        ROWS,
        TABLE,
        {"columns": NAMES, "data": VALUES},
        {"columns": NAMES, "index": [0, 1], "data": VALUES},
        [NAMES, *VALUES],
        {name: {str(place): held for place, held in enumerate(column)} for name, column in TABLE.items()},
        {str(place): row for place, row in enumerate(ROWS)},
        {"source": "an arena", "battles_of_may": ROWS},
        {"meta": {"version": 1}, "data": {"votes": ROWS}},
    ],
    ids=["rows", "columns", "split", "split with index", "lists", "by place", "index", "one list", "nested"],
)
def test_a_table_is_found_in_each_shape(value: object) -> None:
    assert table_of(value) == TABLE


@pytest.mark.parametrize("wrapper", WRAPPERS)
def test_rows_may_be_kept_under_a_known_key(wrapper: str) -> None:
    assert table_of({"note": "", wrapper: ROWS}) == TABLE


def test_a_row_may_leave_columns_out() -> None:
    assert table_of([ROWS[0], {**ROWS[1], "rater": "r"}])["rater"] == [None, "r"]


def test_one_vote_may_stand_alone() -> None:
    assert table_of(ROWS[0]) == {name: [value] for name, value in ROWS[0].items()}


def test_a_known_key_without_rows_is_an_empty_table() -> None:
    assert table_of({"votes": []}) == {}


@pytest.mark.parametrize("value", [1, "votes", None, [1, 2], [ROWS[0], 1], [[1, 2], ["x", "y"]]])
def test_anything_else_is_refused_with_the_shapes_allowed(value: object) -> None:
    with pytest.raises(ValueError, match="one JSON object for each vote is needed"):
        table_of(value)


def test_a_short_row_is_named() -> None:
    with pytest.raises(ValueError, match="row 1 has not one value for each of the 3 columns"):
        table_of({"columns": NAMES, "data": [VALUES[0], VALUES[1][:2]]})


def test_columns_of_different_length_are_refused() -> None:
    with pytest.raises(ValueError, match="its columns differ in length"):
        table_of({**TABLE, "outcome": ["a"]})


def test_columns_in_two_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="a frame as pandas writes it"):
        table_of({**TABLE, "outcome": {"0": "a", "1": "tie"}})


@pytest.mark.parametrize("between", ["\n", ",\n", " ", "\x1e", "\n\n"])
def test_documents_may_follow_each_other(between: str) -> None:
    assert parse(between.join(json.dumps(row) for row in ROWS)) == ROWS


def test_one_document_is_itself() -> None:
    assert parse(json.dumps(ROWS)) == ROWS


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[1, 2", "in line 1, column"),
        ('{"a": 1}\n{"b": }', "in line 2, column"),
        ("[" * 100_000, "nested too deeply"),
        ("1" * 5000, "a number that is too long"),
        ('{"a": 1}\n' + "1" * 5000, "a number that is too long"),
    ],
    ids=["cut off", "second line", "deep", "long number", "long number in a line"],
)
def test_a_fault_is_named_with_its_place(text: str, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        parse(text)
