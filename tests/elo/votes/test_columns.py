from __future__ import annotations

import numpy as np
import pytest

from elo.votes.coding import encode
from elo.votes.columns import ALIASES, OPTIONAL, REQUIRED, Columns, find_layout, meaning, plain

NAMES = ["contender_a", "contender_b", "outcome"]


@pytest.mark.parametrize("alias", ALIASES)
@pytest.mark.parametrize("written", [str.lower, str.upper, str.title, lambda name: f" {name}\ufeff"])
def test_other_tools_names_are_known_however_they_are_written(alias: str, written: type[str]) -> None:
    assert meaning(written(alias)) == ALIASES[alias]
    assert meaning(written(alias).replace("_", " ")) == ALIASES[alias]


@pytest.mark.parametrize("name", ["score", "notes", "contender", "", "3"])
def test_other_headings_mean_nothing(name: str) -> None:
    assert meaning(name) is None


def test_headings_may_be_of_any_kind() -> None:
    assert meaning(3) is None
    assert find_layout([*NAMES, 3, ("a", "b")]).source == {name: name for name in NAMES}


@pytest.mark.parametrize(
    ("text", "folded"),
    [("Both Bad", "both_bad"), ("both-bad", "both_bad"), ("\ufeff'Tie'", "tie"), ("STRASSE", "strasse")],
)
def test_words_are_folded(text: str, folded: str) -> None:
    assert plain(text) == folded


def test_a_layout_parts_labels_numbers_and_covariates() -> None:
    layout = find_layout([*NAMES, "judge", "weight", "length", "note"], covariates=["length"])
    assert dict(layout.labels) == {**{name: name for name in NAMES}, "rater": "judge"}
    assert dict(layout.numbers) == {"length": "length", "weight": "weight"}
    assert layout.covariates == ("length",)


def test_only_optional_columns_that_are_asked_for_are_found() -> None:
    names = [*NAMES, *OPTIONAL, "blind"]
    assert set(find_layout(names).source) == set(names)
    assert set(find_layout(names, optional=["rater"]).source) == {*NAMES, "rater", "blind"}


def test_of_several_names_ours_comes_first_and_the_others_are_noted() -> None:
    layout = find_layout([*NAMES, "worker_id", "rater", "judge"])
    assert layout.source["rater"] == "rater"
    assert layout.notes == ("Read rater as rater, not worker_id, judge.",)


@pytest.mark.parametrize("twice", [["outcome", "winner"], ["contender_a", "left"], ["rater", "Rater"]])
def test_two_columns_that_cannot_both_be_read_are_refused(twice: list[str]) -> None:
    names = [name for name in NAMES if name != twice[0]]
    with pytest.raises(ValueError, match=f"The votes have both {twice[1]} and {twice[0]}. Keep one of each"):
        find_layout([*names, *twice])


@pytest.mark.parametrize("missing", REQUIRED)
def test_a_missing_column_is_named_with_what_is_there(missing: str) -> None:
    names = [name for name in NAMES if name != missing]
    with pytest.raises(ValueError, match=f"The votes lack {missing}. They have: {', '.join(names)}"):
        find_layout(names)


def test_a_long_list_of_columns_is_cut() -> None:
    with pytest.raises(ValueError, match=r"They have: c0, .*c11 and 8 more\.") as caught:
        find_layout([f"c{place}" for place in range(20)])
    assert "c12" not in str(caught.value)


def test_a_column_that_is_nearly_named_is_pointed_out() -> None:
    with pytest.raises(ValueError, match=r"Is 'lenght' meant as length\?"):
        find_layout([*NAMES, "lenght"], covariates=["length"])


def test_outcomes_may_be_called_by_the_columns_of_the_contenders() -> None:
    words = find_layout(["Left", "Right", "winner"]).words
    assert (words["left"], words["right"], words["tie"], words["bothbad"]) == (0, 1, 2, 3)


def columns() -> Columns:
    labels = {"contender_a": ["x", "y"], "contender_b": ["y", "z"], "outcome": ["a", "tie"]}
    return Columns(
        labels={name: encode(name, values) for name, values in labels.items()},
        weight=[2.0, 0.0],
        propensity=[0.5, 0.25],
        covariates={"length": [1.0, 2.0]},
    )


def test_rows_are_kept_in_every_column() -> None:
    kept = columns().keep(np.array([False, True]))
    assert kept.rows == 1
    assert [kept.labels["contender_a"].labels[code] for code in kept.labels["contender_a"].codes] == ["y"]
    assert np.asarray(kept.propensity).tolist() == [0.25]
    assert np.asarray(kept.covariates["length"]).tolist() == [2]


def test_rows_of_no_weight_are_dropped() -> None:
    assert np.asarray(columns().without_empty_rows().weight).tolist() == [2]


def test_notes_add_up() -> None:
    assert columns().noting("one").noting("two", "three").notes == ("one", "two", "three")
