from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from elo.votes.coding import (
    BLOCK,
    Coded,
    coded,
    compact,
    encode,
    missing,
    recode,
    smallest_type,
    used,
    used_labels,
)

LABELS = st.lists(st.sampled_from(["x", "y", "z", "w"]), min_size=1, max_size=30)


def rows(column: Coded) -> list[Any]:
    return [column.labels[code] for code in column.codes]


@given(labels=LABELS)
def test_codes_stand_for_the_labels_of_their_rows(labels: list[str]) -> None:
    column = encode("rater", labels)
    assert rows(column) == labels
    assert column.labels == tuple(dict.fromkeys(labels))


@pytest.mark.parametrize("gone", [None, math.nan, "", " \t"])
def test_missing_labels_become_none(gone: object) -> None:
    column = encode("rater", ["x", gone, "y"])
    assert missing(column).tolist() == [False, True, False]
    assert rows(column) == ["x", None, "y"]


def test_negative_codes_of_other_tools_are_missing() -> None:
    column = coded(np.array([0, -1, 1], dtype=np.int64), ["x", "y"])
    assert rows(column) == ["x", None, "y"]


def test_a_column_without_missing_labels_keeps_its_codes_and_labels() -> None:
    column = coded(np.array([1, 0, 1], dtype=np.int64), ["x", "y"])
    assert column.labels == ("x", "y")
    assert not missing(column).any()


@pytest.mark.parametrize(
    ("labels", "kind"), [(0, np.uint8), (1, np.uint8), (256, np.uint8), (257, np.uint16), (65537, np.uint32)]
)
def test_types_are_as_small_as_the_number_of_labels_allows(labels: int, kind: type) -> None:
    assert smallest_type(labels) == kind


@pytest.mark.parametrize("conversation", [["hello", "there"], {"turn": "hello"}, np.array(["hello"])])
@pytest.mark.parametrize("column", ["prompt", "rater"])
def test_conversations_are_labels_by_their_json(column: str, conversation: object) -> None:
    held = encode(column, [conversation, conversation])
    assert held.codes.tolist() == [0, 0]
    assert "hello" in str(held.labels[0])


def test_a_conversation_is_no_name_of_a_contender() -> None:
    with pytest.raises(ValueError, match=r"contender_a must be a name; got \['x'\] in row 1. Give its text"):
        encode("contender_a", ["x", ["x"]])


def test_labels_that_no_row_has_are_found_and_dropped() -> None:
    column = Coded(np.array([2, 0, 2], dtype=np.uint8), ("x", "y", "z"))
    assert used(column).tolist() == [True, False, True]
    assert used_labels(column) == ("x", "z")
    short = compact(column, "rater")
    assert short.labels == ("x", "z")
    assert rows(short) == ["z", "x", "z"]


def test_a_column_that_uses_all_its_labels_stays_the_same_object() -> None:
    column = encode("rater", ["x", "y"])
    assert compact(column, "rater") is column


def test_a_label_that_only_the_last_of_many_rows_has_is_used() -> None:
    codes = np.zeros(BLOCK + 1, dtype=np.uint8)
    codes[-1] = 1
    assert used_labels(Coded(codes, ("x", "y", "z"))) == ("x", "y")


def test_two_labels_of_one_name_are_one_label() -> None:
    column = Coded(np.array([0, 1, 2], dtype=np.uint8), ("x", "x", "y"))
    assert used_labels(column) == ("x", "y")
    assert compact(column, "rater").codes.tolist() == [0, 0, 1]


@given(labels=LABELS)
def test_recoding_looks_each_label_up(labels: list[str]) -> None:
    known = {"w": 3, "x": 1, "y": 0, "z": 2}
    assert recode("outcome", encode("outcome", labels), known).tolist() == [known[label] for label in labels]


def test_recoding_to_the_same_codes_copies_nothing() -> None:
    column = encode("outcome", ["x", "y"])
    assert recode("outcome", column, {"x": 0, "y": 1}) is column.codes


def test_an_unknown_label_names_row_label_and_what_is_known() -> None:
    with pytest.raises(ValueError, match=r"Unknown outcome 'draw' in row 1. Known: a, b."):
        recode("outcome", encode("outcome", ["a", "draw"]), {"a": 0, "b": 1})


def test_an_unknown_label_that_no_row_has_is_no_error() -> None:
    column = Coded(np.array([0, 0], dtype=np.uint8), ("a", "draw"))
    assert recode("outcome", column, {"a": 0, "b": 1}).tolist() == [0, 0]
