from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis import build_board, draw_whiskers
from analysis.whisker import round_axis
from tests.factories_elo import World


def test_ticks_are_at_round_numbers() -> None:
    axis = round_axis(889, 1185)
    assert [tick.value for tick in axis.ticks] == [800, 900, 1000, 1100, 1200]
    assert axis.ticks[0].x == 0
    assert axis.ticks[1].x == pytest.approx(25)
    assert axis.ticks[-1].x == 100


@given(st.floats(-5000, 5000), st.floats(0.01, 5000))
def test_any_axis_holds_its_range_with_a_handful_of_round_ticks(low: float, span: float) -> None:
    axis = round_axis(low, low + span)
    assert axis.low <= low + 1e-9 * span
    assert axis.high >= low + span * (1 - 1e-9)
    assert 4 <= len(axis.ticks) <= 12
    assert round(axis.step / 10 ** math.floor(math.log10(axis.step) + 1e-9), 6) in (1, 2, 5)
    assert all(abs(tick.value / axis.step - round(tick.value / axis.step)) < 1e-6 for tick in axis.ticks)


@pytest.mark.parametrize("value", [0.0, 1000.0, 999.5])
def test_a_single_value_still_has_an_axis_about_it(value: float) -> None:
    axis = round_axis(value, value)
    assert axis.low < value < axis.high


def test_whiskers_lie_on_the_axis_in_the_order_of_the_rows() -> None:
    board = build_board(World(votes=800).draw(1))
    chart = draw_whiskers(board)
    assert tuple(whisker.contender for whisker in chart.whiskers) == board.contenders
    for whisker, row in zip(chart.whiskers, board.rows, strict=True):
        assert 0 <= whisker.lower < whisker.rating < whisker.upper <= 100
        assert chart.axis.low + whisker.rating / 100 * (chart.axis.high - chart.axis.low) == pytest.approx(
            row.rating
        )


def test_an_anchor_has_a_point_in_place_of_an_interval() -> None:
    chart = draw_whiskers(build_board(World(votes=800).draw(1), anchor=("m03", 1000.0)))
    anchor = next(whisker for whisker in chart.whiskers if whisker.contender == "m03")
    assert anchor.lower == anchor.rating == anchor.upper
