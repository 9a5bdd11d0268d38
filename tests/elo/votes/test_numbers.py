from __future__ import annotations

import numpy as np
import pytest

from elo.votes.numbers import covariate, parsed, propensities, weights


def test_numbers_stay_numbers_and_missing_ones_are_nan() -> None:
    found = parsed("weight", [1, 2.5, None])
    assert found[:2].tolist() == [1, 2.5]
    assert np.isnan(found[2])


@pytest.mark.parametrize(("text", "value"), [("1", 1), (" 2.5 ", 2.5), ("1e3", 1000), ("-0.5", -0.5)])
def test_text_is_read_as_a_number(text: str, value: float) -> None:
    assert parsed("weight", [text, "1"])[0] == value


def test_blank_text_is_missing() -> None:
    assert np.isnan(parsed("weight", ["1", "", "  "])).tolist() == [False, True, True]


def test_a_comma_parts_decimals_only_where_it_may() -> None:
    assert parsed("weight", ["1,5"], decimal_comma=True).tolist() == [1.5]
    with pytest.raises(ValueError, match="Column weight holds '1,5' in row 0, which is no number"):
        parsed("weight", ["1,5"])


@pytest.mark.parametrize("value", ["much", [1], {"w": 1}, object])
def test_anything_else_names_column_value_and_row(value: object) -> None:
    with pytest.raises(ValueError, match=r"Column length holds .* in row 2, which is no number"):
        parsed("length", [1, "2", value])


def test_a_long_value_is_cut_in_the_message() -> None:
    with pytest.raises(ValueError, match=r"x\.\.\. in row 0") as caught:
        parsed("length", ["x" * 1000])
    assert len(str(caught.value)) < 150


def test_votes_without_weights_count_once_in_the_memory_of_one_number() -> None:
    weight = weights(None, 5)
    assert weight.tolist() == [1] * 5
    assert weight.strides == (0,)


@pytest.mark.parametrize("weight", [-1.0, np.nan, np.inf])
def test_a_weight_is_finite_and_not_negative(weight: float) -> None:
    assert weights([0, 1.5], 2).tolist() == [0, 1.5]
    with pytest.raises(ValueError, match=r"Weight .* in row 1"):
        weights([1, weight], 2)


@pytest.mark.parametrize("propensity", [0.0, -0.1, 1.01, np.nan])
def test_a_propensity_is_above_0_and_up_to_1(propensity: float) -> None:
    assert propensities([1e-9, 1]).tolist() == [1e-9, 1]
    with pytest.raises(ValueError, match=r"Propensity .* in row 0"):
        propensities([propensity])


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_covariate_is_finite(value: float) -> None:
    assert covariate("length", [-3, 0.5]).tolist() == [-3, 0.5]
    with pytest.raises(ValueError, match=r"Covariate length is .* in row 1"):
        covariate("length", [0, value])
