"""Layout of a chart of intervals: an axis with round ticks, and positions in percent of its width."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

from analysis.board import Board, BoardRow

INTERVALS = 4
"""Approximate number of intervals between ticks."""


class Tick(NamedTuple):
    """One labelled position on the axis."""

    value: float
    x: float
    """Position in percent of the axis, from the left."""


class Whisker(NamedTuple):
    """One contender's interval, in percent of the axis."""

    contender: str
    lower: float
    rating: float
    upper: float


@dataclass(frozen=True)
class Axis:
    """A scale from one tick to another, in rating points."""

    low: float
    high: float
    step: float

    def place(self, value: float) -> float:
        """Return the position of a value on the axis, in percent."""
        return 100 * (value - self.low) / (self.high - self.low)

    @property
    def ticks(self) -> tuple[Tick, ...]:
        """Ticks from `low` to `high`."""
        count = round((self.high - self.low) / self.step)
        values = (self.low + i * self.step for i in range(count + 1))
        return tuple(Tick(value, self.place(value)) for value in values)


@dataclass(frozen=True)
class Chart:
    """Positions of all intervals on one axis."""

    axis: Axis
    whiskers: tuple[Whisker, ...]
    """Intervals in the order of the board's rows."""


def draw_whiskers(board: Board) -> Chart:
    """Lay out the intervals of a board on the least axis with round ends that holds them all."""
    lowest = min(row.lower for row in board.rows)
    highest = max(row.upper for row in board.rows)
    axis = round_axis(lowest, highest)
    return Chart(axis, tuple(_whisker(row, axis) for row in board.rows))


def _whisker(row: BoardRow, axis: Axis) -> Whisker:
    lower, rating, upper = (axis.place(value) for value in (row.lower, row.rating, row.upper))
    return Whisker(row.contender, lower, rating, upper)


def round_axis(low: float, high: float) -> Axis:
    """Return the axis around `low` to `high` with ticks at multiples of 1, 2 or 5 times a power of ten.

    P. Heckbert, "Nice numbers for graph labels", Graphics Gems, 1990, 61-63.
    """
    step = _round_step((high - low) / INTERVALS) if high > low else 1.0
    first, last = math.floor(low / step), math.ceil(high / step)
    if first == last:
        first, last = first - 1, last + 1
    return Axis(first * step, last * step, step)


def _round_step(step: float) -> float:
    power = 10.0 ** math.floor(math.log10(step))
    nearest = min((1, 2, 5, 10), key=lambda digit: abs(math.log(digit * power / step)))
    return nearest * power
