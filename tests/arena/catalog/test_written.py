from __future__ import annotations

import json

import pytest

from arena.catalog.written import WrittenFloat, as_text, show


def test_a_written_number_is_a_number_everywhere_else() -> None:
    number = WrittenFloat("1e5")
    assert (number, number + 1, json.dumps({"a": number})) == (100_000.0, 100_001.0, '{"a": 100000.0}')


@pytest.mark.parametrize(
    ("value", "text"),
    [("x", "x"), (7, "7"), (WrittenFloat("1.50"), "1.50"), (True, "true"), (False, "false")],
)
def test_plain_values_are_texts_as_they_stand(value: object, text: str) -> None:
    assert as_text(value) == text


@pytest.mark.parametrize("value", [None, [], ["x"], {"x": 1}])
def test_other_values_are_no_texts(value: object) -> None:
    assert as_text(value) is None


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ([WrittenFloat("1e5"), 2], "[1e5, 2]"),
        (True, "true"),
        ("a\0", "'a\\x00'"),
        ("x" * 100, f"str '{'x' * 29}…"),
    ],
)
def test_a_value_is_shown_as_it_stands_and_cut_short(value: object, shown: str) -> None:
    assert show(value) == shown
