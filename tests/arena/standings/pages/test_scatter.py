from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from arena.standings.pages.scatter import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, draw_scatter


def _lines(*ratings: float) -> list[Any]:
    return [
        SimpleNamespace(row=SimpleNamespace(rating=rating, lower=rating - 30, upper=rating + 30))
        for rating in ratings
    ]


def test_the_pareto_set_is_what_nobody_beats_on_both() -> None:
    scatter = draw_scatter(_lines(1200, 1100, 1150, 900, 1100), [5.0, 1.0, 6.0, 2.0, 1.0])
    assert scatter
    assert [point.is_efficient for point in scatter.points] == [True, True, False, False, True]


def test_unknown_and_free_contenders_are_left_out_and_counted() -> None:
    scatter = draw_scatter(_lines(1200, 1100, 1000, 900), [5.0, None, 0.0, 2.0])
    assert scatter
    assert (len(scatter.points), scatter.left_out) == (2, 2)


@pytest.mark.parametrize("costs", [[None, None], [1.0, None], [0.0, 0.0]])
def test_fewer_than_two_costs_make_no_figure(costs: list[float | None]) -> None:
    assert draw_scatter(_lines(1200, 1100), costs) is None


def test_everything_stands_inside_the_plot_and_higher_is_up() -> None:
    scatter = draw_scatter(_lines(1200, 1100, 400), [0.001, 12.0, 900.0])
    assert scatter
    for point in scatter.points:
        assert LEFT < point.x < WIDTH - RIGHT
        assert TOP <= point.upper_y < point.y < point.lower_y <= HEIGHT - BOTTOM
    assert scatter.points[0].y < scatter.points[1].y < scatter.points[2].y
    assert [tick.value for tick in scatter.x_ticks] == pytest.approx([0.001, 0.01, 0.1, 1, 10, 100, 1000])


def test_equal_costs_still_have_an_axis_with_a_tick() -> None:
    scatter = draw_scatter(_lines(1200, 1100), [3.0, 3.0])
    assert scatter
    assert scatter.points[0].x == scatter.points[1].x
