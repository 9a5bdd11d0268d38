"""Draw the box from signed distances, anti-aliased at any size.

Each shape fills its bounding square from edge to edge, so that a viewer sees it touch the wall that it hits.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from generators.toyworld.world.palette import BACKGROUNDS, COLOURS
from generators.toyworld.world.physics import Point

Frame = NDArray[np.uint8]
"""(height, width, 3), sRGB."""
Array = Any
"""A NumPy or PyTorch array: both draw by the same formulas."""


@dataclass(frozen=True)
class Figure:
    """An object at one moment; lengths in boxes."""

    shape: str
    colour: str
    radius: float
    centre: Point


@dataclass(frozen=True)
class Box:
    """Place of the unit box in a picture: a centred square, in pixels."""

    left: int
    top: int
    side: int

    @classmethod
    def within(cls, width: int, height: int) -> Box:
        """Return the largest centred square of a picture."""
        side = min(width, height)
        return cls((width - side) // 2, (height - side) // 2, side)

    @property
    def pixels(self) -> tuple[slice, slice]:
        """Rows and columns of the box."""
        rows = slice(self.top, self.top + self.side)
        columns = slice(self.left, self.left + self.side)
        return rows, columns


def draw_backdrop(background: str, width: int, height: int) -> Frame:
    """Draw the empty box. Where the picture isn't square, its borders are black."""
    frame = np.zeros((height, width, 3), np.uint8)
    box = Box.within(width, height)
    frame[box.pixels] = BACKGROUNDS[background]
    return frame


def draw_frame(backdrop: Frame, figures: Iterable[Figure]) -> Frame:
    """Draw figures on a copy of the backdrop, later ones in front."""
    frame = backdrop.copy()
    box = Box.within(frame.shape[1], frame.shape[0])
    for figure in figures:
        _draw(frame, box, figure)
    return frame


def _draw(frame: Frame, box: Box, figure: Figure) -> None:
    x = box.left + figure.centre.x * box.side
    y = box.top + figure.centre.y * box.side
    radius = figure.radius * box.side
    rows = _window(y, radius, frame.shape[0])
    columns = _window(x, radius, frame.shape[1])
    # Pixels from the centre: dx (1, columns), dy (rows, 1); cover (rows, columns, 1) is 0 to 1.
    dx = (np.arange(columns.start, columns.stop) + 0.5 - x).astype(np.float32)[None, :]
    dy = (np.arange(rows.start, rows.stop) + 0.5 - y).astype(np.float32)[:, None]
    cover = np.clip(0.5 - distance(figure.shape, dx, dy, np.float32(radius)), 0, 1)[..., None]
    behind = frame[rows, columns]
    colour = np.array(COLOURS[figure.colour], np.float32)
    frame[rows, columns] = (behind + cover * (colour - behind) + 0.5).astype(np.uint8)


def _window(centre: float, radius: float, size: int) -> slice:
    """Return the rows or columns that a figure can touch."""
    first = math.floor(centre - radius) - 1
    last = math.ceil(centre + radius) + 1
    return slice(max(first, 0), min(last, size))


def distance(shape: str, dx: Array, dy: Array, radius: Array, xp: Array = np) -> Array:
    """Return the signed distance to a shape's outline, negative inside. Lengths share one unit and broadcast.

    Args:
        shape: Circle, square or triangle.
        dx: Distance to the right of the centre of the bounding square.
        dy: Distance below that centre.
        radius: Half the side of the bounding square.
        xp: Module of the arrays, `numpy` or `torch`.
    """
    if shape == "circle":
        return xp.hypot(dx, dy) - radius
    if shape == "square":
        return xp.maximum(xp.abs(dx), xp.abs(dy)) - radius
    # The triangle's apex is at the top. Its base is as wide as it is high, so its sides have slope 2.
    sides = (2 * xp.abs(dx) - dy - radius) / np.float32(math.sqrt(5))
    return xp.maximum(sides, dy - radius)
