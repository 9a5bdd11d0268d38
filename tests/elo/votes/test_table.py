from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from elo import Votes, fit

COLUMNS: dict[str, list[Any]] = {
    "contender_a": ["x", "y", "x"],
    "contender_b": ["y", "z", "z"],
    "outcome": ["a", "tie", "both_bad"],
}


def columns(**changed: list[Any]) -> dict[str, Any]:
    return COLUMNS | changed


def test_columns_are_coded_by_sorted_name() -> None:
    votes = Votes.from_columns(**columns(prompt=["p2", "p1", "p2"], rater=[7, 7, 9]))
    assert votes.contenders == ("x", "y", "z")
    assert votes.contender_a.tolist() == [0, 1, 0]
    assert votes.contender_b.tolist() == [1, 2, 2]
    assert votes.outcome.tolist() == [0, 2, 3]
    assert votes.prompt is not None
    assert votes.prompt.tolist() == [0, 1, 0]
    assert (votes.prompts, votes.raters) == (2, 2)
    assert votes.weight.tolist() == [1, 1, 1]


def test_codes_are_as_small_as_they_can_be() -> None:
    names = [f"m{i}" for i in range(300)]
    votes = Votes.from_columns(contender_a=names[:-1], contender_b=names[1:], outcome=["a"] * 299)
    assert votes.contender_a.dtype == np.uint16
    assert votes.outcome.dtype == np.uint8


def test_the_order_of_contenders_can_be_given() -> None:
    votes = Votes.from_columns(**columns(), contenders=["z", "y", "x"])
    assert votes.contenders == ("z", "y", "x")
    assert votes.contender_a.tolist() == [2, 1, 2]


def test_rows_of_no_weight_are_dropped_with_their_raters() -> None:
    votes = Votes.from_columns(**columns(weight=[2, 0, 3], rater=["r1", "r2", "r3"]))
    assert votes.weight.tolist() == [2, 3]
    assert votes.rater is not None
    assert votes.rater.tolist() == [0, 1]


def test_a_frame_reads_like_its_columns() -> None:
    votes = Votes.from_frame(pd.DataFrame(columns(prompt=["p", "q", "q"], note=["", "", ""])))
    assert votes.contenders == ("x", "y", "z")
    assert votes.outcome.tolist() == [0, 2, 3]
    assert (votes.prompts, votes.raters) == (2, None)


def test_a_frame_may_use_the_names_of_public_vote_dumps() -> None:
    frame = pd.DataFrame(
        {
            "model_a": ["x"] * 4,
            "model_b": ["y"] * 4,
            "winner": ["model_a", "model_b", "tie", "tie (bothbad)"],
        }
    )
    assert Votes.from_frame(frame).outcome.tolist() == [0, 1, 2, 3]


def test_a_frame_lacking_columns_names_those_it_has_and_needs() -> None:
    with pytest.raises(
        ValueError, match=r"lack contender_b, outcome\. They have: model_a, vote\. Needed: contender_a"
    ):
        Votes.from_frame(pd.DataFrame({"model_a": ["x"], "vote": ["a"]}))


def test_a_frame_with_a_column_under_both_names_is_refused() -> None:
    with pytest.raises(ValueError, match="both winner and outcome"):
        Votes.from_frame(pd.DataFrame(columns(winner=["a", "a", "a"])))


def test_an_unknown_outcome_names_row_value_and_what_is_allowed() -> None:
    with pytest.raises(ValueError, match=r"Unknown outcome 'left' in row 1\. Known: a, b, tie, both_bad\."):
        Votes.from_columns(**columns(outcome=["a", "left", "b"]))


def test_an_unknown_contender_names_those_allowed() -> None:
    with pytest.raises(ValueError, match=r"Unknown contender_b 'z' in row 1\. Known: x, y\."):
        Votes.from_columns(**columns(), contenders=["x", "y"])


def test_a_missing_contender_is_refused() -> None:
    with pytest.raises(ValueError, match=r"Unknown contender_a None in row 2"):
        Votes.from_columns(**columns(contender_a=["x", "y", None]))


@pytest.mark.parametrize("missing", [None, float("nan"), pd.NA])
def test_a_missing_rater_in_a_frame_is_refused(missing: object) -> None:
    with pytest.raises(ValueError, match="Unknown rater None in row 1"):
        Votes.from_frame(pd.DataFrame(columns(rater=["r1", missing, "r2"])))


def test_a_contender_against_itself_is_left_out_and_counted() -> None:
    votes = Votes.from_columns(**columns(contender_a=["x", "y", "z"], rater=["r1", "r2", "r3"]))
    assert votes.contender_b.tolist() == [1, 2]
    assert votes.rater_labels == ("r1", "r2")
    assert votes.notes == ("Left out 1 vote of a contender against itself.",)
    assert fit(votes, intervals="none", ridge=1.0).diagnostics.notes == votes.notes
    assert votes.tally().notes == votes.notes


@pytest.mark.parametrize("weight", [float("nan"), -1, float("-inf"), float("inf")])
def test_a_weight_that_is_negative_or_not_finite_is_refused(weight: float) -> None:
    with pytest.raises(ValueError, match="in row 1 is no number of equal votes"):
        Votes.from_columns(**columns(weight=[1, weight, 1]))


def test_columns_of_different_length_are_refused() -> None:
    with pytest.raises(ValueError, match="contender_a 3, contender_b 3, outcome 3, rater 2"):
        Votes.from_columns(**columns(rater=["r", "r"]))


@pytest.mark.parametrize("empty", [{"weight": [0, 0, 0]}, {name: [] for name in COLUMNS}])
def test_no_votes_are_refused(empty: dict[str, list[Any]]) -> None:
    with pytest.raises(ValueError, match="no votes to rate"):
        Votes.from_columns(**columns(**empty))


def test_one_contender_is_refused() -> None:
    with pytest.raises(ValueError, match=r"no votes to rate.*Left out 1 vote of a contender against itself"):
        Votes.from_columns(contender_a=["x"], contender_b=["x"], outcome=["a"])


def test_a_contender_listed_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="names one twice: x, y, z, x"):
        Votes.from_columns(**columns(), contenders=["x", "y", "z", "x"])


def test_side_and_order_become_signs() -> None:
    votes = Votes.from_columns(**columns(side=["a", "b", "a"], order=["b", "b", "a"]))
    assert votes.side is not None
    assert votes.order is not None
    assert votes.side.tolist() == [1, -1, 1]
    assert votes.order.tolist() == [-1, -1, 1]


def test_a_side_names_the_contender_on_the_left_or_where_a_was() -> None:
    by_name = Votes.from_columns(**columns(side=["a", "b", "a"]))
    by_place = Votes.from_columns(**columns(side=["left", "right", "left"]))
    assert by_name.side is not None
    assert by_place.side is not None
    assert by_name.side.tolist() == by_place.side.tolist() == [1, -1, 1]


def test_an_unknown_side_is_refused() -> None:
    with pytest.raises(ValueError, match=r"Unknown side 'top' in row 1\. Known: a, b, left, right\."):
        Votes.from_columns(**columns(side=["a", "top", "a"]))


@pytest.mark.parametrize("name", ["side", "order"])
@pytest.mark.parametrize("blank", [None, "", " "])
def test_a_blank_side_or_order_is_not_recorded_and_counted_in_a_note(name: str, blank: str | None) -> None:
    votes = Votes.from_columns(**columns(**{name: ["a", blank, "b"]}))
    assert getattr(votes, name).tolist() == [1, 0, -1]
    assert votes.notes == (f"1 vote without {name}: it has no effect on them.",)


@pytest.mark.parametrize("name", ["side", "order"])
@pytest.mark.parametrize("blank", [None, float("nan"), pd.NA])
def test_a_blank_side_or_order_in_a_frame_is_not_recorded(name: str, blank: object) -> None:
    votes = Votes.from_frame(pd.DataFrame(columns(**{name: [blank, "b", "a"]})))
    assert getattr(votes, name).tolist() == [0, -1, 1]


def test_an_unknown_side_is_refused_beside_blank_ones() -> None:
    with pytest.raises(ValueError, match=r"Unknown side 'top' in row 1\."):
        Votes.from_columns(**columns(side=["", "top", "a"]))


def test_numbers_go_with_their_rows_when_empty_ones_are_dropped() -> None:
    votes = Votes.from_columns(
        **columns(weight=[1, 0, 0.5], propensity=[0.5, 0.25, 1]), covariates={"length": [1, 2, -3]}
    )
    assert votes.propensity is not None
    assert votes.weight.tolist() == [1, 0.5]
    assert votes.propensity.tolist() == [0.5, 1]
    assert votes.covariates["length"].tolist() == [1, -3]


@pytest.mark.parametrize("propensity", [0, -0.5, 1.5, float("nan"), float("inf")])
def test_a_propensity_that_is_no_probability_of_a_drawn_pair_is_refused(propensity: float) -> None:
    with pytest.raises(ValueError, match=r"Propensity .* in row 2 .*above 0, up to 1"):
        Votes.from_columns(**columns(propensity=[1, 0.5, propensity]))


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_covariate_that_is_not_finite_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match=r"Covariate length is \w+ in row 1"):
        Votes.from_columns(**columns(), covariates={"length": [0, value, 0]})


def test_labels_of_prompts_and_raters_are_kept_in_the_order_of_their_codes() -> None:
    votes = Votes.from_columns(**columns(prompt=["q", "p", "q"], rater=[7, 9, 7]))
    assert votes.prompt_labels == ("q", "p")
    assert votes.rater_labels == (7, 9)


def test_categories_that_no_row_has_are_no_contenders() -> None:
    names = pd.CategoricalDtype(["w", "z", "y", "x"])
    frame = pd.DataFrame(columns(prompt=["p", "p", "q"])).astype(
        {"contender_a": names, "contender_b": names, "prompt": pd.CategoricalDtype(["o", "q", "p"])}
    )
    votes = Votes.from_frame(frame)
    assert votes.contenders == ("x", "y", "z")
    assert votes.contender_a.tolist() == [0, 1, 0]
    assert votes.prompt_labels == ("q", "p")


def test_rows_without_a_weight_column_share_one_number() -> None:
    assert Votes.from_columns(**columns()).weight.strides == (0,)


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 3)), min_size=1))
def test_a_weight_is_as_many_rows(rows: list[tuple[str, int]]) -> None:
    rows = [*rows, ("tie", 1)]

    def votes(outcomes: list[str], weight: list[int] | None) -> Votes:
        size = len(outcomes)
        return Votes.from_columns(
            contender_a=["x"] * size, contender_b=["y"] * size, outcome=outcomes, weight=weight
        )

    weighted = votes([outcome for outcome, _ in rows], [weight for _, weight in rows])
    repeated = votes([outcome for outcome, weight in rows for _ in range(weight)], None)
    np.testing.assert_array_equal(weighted.tally().counts, repeated.tally().counts)
