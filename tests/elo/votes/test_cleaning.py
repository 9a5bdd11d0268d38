from __future__ import annotations

from collections.abc import Sequence

import pytest

from elo.votes.cleaning import cleaned, spelling, without_self_pairs
from elo.votes.coding import encode
from elo.votes.columns import Columns

BASE: dict[str, Sequence[str | None]] = {
    "contender_a": ["x", "y", "x"],
    "contender_b": ["y", "z", "z"],
    "outcome": ["a", "tie", "b"],
}


def columns(**changed: Sequence[str | None]) -> Columns:
    labels = {**BASE, **changed}
    return Columns(labels={name: encode(name, values) for name, values in labels.items()})


def rows(found: Columns, name: str) -> list[object]:
    codes, labels = found.labels[name]
    return [labels[code] for code in codes]


def test_clean_columns_stay_as_they_are() -> None:
    found = cleaned(columns())
    assert {name: rows(found, name) for name in BASE} == BASE
    assert found.notes == ()


def test_rows_without_contenders_and_outcome_are_left_out() -> None:
    found = cleaned(
        columns(contender_a=["x", None, "x"], contender_b=["y", "", "z"], outcome=["a", " ", "b"])
    )
    assert found.rows == 2
    assert found.notes == ("Left out 1 row without contenders and outcome.",)


@pytest.mark.parametrize("name", ["contender_a", "contender_b", "outcome", "rater", "prompt"])
def test_a_row_that_lacks_one_label_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f"Unknown {name} None in row 1: each vote needs one"):
        cleaned(columns(**{name: ["x", None, "y"]}))


@pytest.mark.parametrize("name", ["side", "order"])
def test_side_and_order_may_be_blank_and_that_is_noted(name: str) -> None:
    found = cleaned(columns(**{name: ["a", None, ""]}))
    assert rows(found, name) == ["a", None, None]
    assert found.notes == (f"2 votes without {name}: it has no effect on them.",)


@pytest.mark.parametrize("no", ["false", "False", "0", "0.0", "no", "N", "F"])
def test_votes_that_were_not_blind_are_left_out(no: str) -> None:
    found = cleaned(columns(blind=["true", no, "true"]))
    assert rows(found, "contender_a") == ["x", "x"]
    assert "blind" not in found.labels
    assert found.notes == ("Left out 1 vote that were not blind: the column anony (or blind) says false.",)


def test_without_any_blind_vote_nothing_is_left_to_rate() -> None:
    with pytest.raises(ValueError, match=r"There are no votes to rate\. Left out 3 votes .* Drop the column"):
        cleaned(columns(blind=["no", "no", "no"]))


def test_words_are_folded_and_names_are_not() -> None:
    found = cleaned(columns(outcome=["A", " Tie", "Both Bad"], contender_a=["X", "y", "X"]))
    assert rows(found, "outcome") == ["a", "tie", "both_bad"]
    assert rows(found, "contender_a") == ["X", "y", "X"]


def test_spellings_of_one_name_are_joined_and_noted() -> None:
    found = cleaned(columns(contender_a=["Zoe\u0308", "y", "Zo\xeb "]))
    assert set(rows(found, "contender_a")) == {"Zo\xeb", "y"}
    assert found.notes == ("Took the spellings of 'Zo\xeb' for one (blanks, Unicode forms).",)


def test_names_that_differ_in_case_stay_apart_and_are_pointed_out() -> None:
    found = cleaned(columns(contender_a=["GPT", "y", "gpt"]))
    assert rows(found, "contender_a") == ["GPT", "y", "gpt"]
    assert found.notes == ("'GPT' and 'gpt' differ in case alone and are rated apart; are they one?",)


@pytest.mark.parametrize("name", ["prompt", "rater"])
def test_spellings_of_prompts_and_raters_are_joined_and_counted(name: str) -> None:
    found = cleaned(columns(**{name: ["r", "r ", "s"]}))
    assert rows(found, name) == ["r", "r", "s"]
    assert found.notes == (f"Took 1 further spellings of {name}s for one (blanks, Unicode forms).",)


def test_a_contender_against_itself_is_left_out_whatever_the_side_columns_codes() -> None:
    found = without_self_pairs(columns(contender_a=["x", "z", "z"], contender_b=["y", "z", "x"]))
    assert rows(found, "contender_a") == ["x", "z"]
    assert found.notes == ("Left out 1 vote of a contender against itself.",)
    same = columns()
    assert without_self_pairs(same) is same


@pytest.mark.parametrize(
    ("label", "spelt"),
    [
        ("x", "x"),
        (" x\u200b", "x"),
        ("e\u0301", "\xe9"),
        (b"x ", "x"),
        (b"\xff", "\ufffd"),
        ("\ud800", "\\ud800"),
        (7, 7),
        (None, None),
    ],
)
def test_text_is_composed_and_stripped_and_other_labels_are_left(label: object, spelt: object) -> None:
    assert spelling(label) == spelt
