"""Layout of a figure of ratings against what they cost, in money or in time, with the Pareto set."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from analysis.whisker import Tick, round_axis
from arena.standings.pages.rows import Line

WIDTH, HEIGHT = 480, 320
LEFT, RIGHT, TOP, BOTTOM = 52, 12, 12, 44
"""Margins of the plot inside the figure, for the labels of its axes."""
ROUND = (1, 2, 5)
"""First digits of ticks on a logarithmic axis."""
PADDING = 1.25
"""Factor by which a logarithmic axis goes beyond its outermost points."""


class Point(NamedTuple):
    """One contender: where its rating and the ends of its interval stand, in the figure's units."""

    line: Line
    cost: float
    x: float
    y: float
    upper_y: float
    lower_y: float
    is_efficient: bool
    """Whether no other contender is both cheaper and rated higher."""


@dataclass(frozen=True)
class Scatter:
    """Figure of ratings against costs, on a logarithmic axis."""

    points: tuple[Point, ...]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    frontier: str
    """Steps along the Pareto set, as points of a polyline."""
    left_out: int
    """Contenders of which the cost isn't known."""

    @property
    def efficient(self) -> list[Point]:
        """Points of the Pareto set, the cheapest first."""
        return sorted((point for point in self.points if point.is_efficient), key=lambda point: point.cost)


def draw_scatter(lines: Sequence[Line], costs: Sequence[float | None]) -> Scatter | None:
    """Lay out ratings against costs; None where fewer than two contenders have one above 0."""
    known = [(line, cost) for line, cost in zip(lines, costs, strict=True) if cost]
    if len(known) < 2:
        return None
    rating = round_axis(min(line.row.lower for line, _ in known), max(line.row.upper for line, _ in known))
    low, high = min(cost for _, cost in known) / PADDING, max(cost for _, cost in known) * PADDING

    def across(cost: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * math.log(cost / low) / math.log(high / low)

    def down(value: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * rating.place(value) / 100

    efficient = _efficient(known)
    points = tuple(
        Point(
            line=line,
            cost=cost,
            x=across(cost),
            y=down(line.row.rating),
            upper_y=down(line.row.upper),
            lower_y=down(line.row.lower),
            is_efficient=line in efficient,
        )
        for line, cost in known
    )
    return Scatter(
        points=points,
        x_ticks=tuple(Tick(value, across(value)) for value in _round_costs(low, high)),
        y_ticks=tuple(Tick(tick.value, down(tick.value)) for tick in rating.ticks),
        frontier=_steps(points),
        left_out=len(lines) - len(known),
    )


def _efficient(known: Sequence[tuple[Line, float]]) -> list[Line]:
    """Return the lines that no other beats by cost and rating at once."""
    return [
        line
        for line, cost in known
        if not any(
            other_cost <= cost
            and other.row.rating >= line.row.rating
            and (other_cost, -other.row.rating) != (cost, -line.row.rating)
            for other, other_cost in known
        )
    ]


def _steps(points: Sequence[Point]) -> str:
    """Return the steps along the Pareto set, from its cheapest point to the right margin."""
    corners: list[tuple[float, float]] = []
    for point in sorted((point for point in points if point.is_efficient), key=lambda point: point.x):
        if corners:
            corners.append((point.x, corners[-1][1]))
        corners.append((point.x, point.y))
    corners.append((WIDTH - RIGHT, corners[-1][1]))
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in corners)


def _round_costs(low: float, high: float) -> list[float]:
    """Return 1, 2 and 5 times powers of ten between two costs; of a long axis the powers alone."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    digits = ROUND if high / low < 200 else ROUND[:1]
    values = [digit * 10.0**power for power in powers for digit in digits]
    return [value for value in values if low <= value <= high]
