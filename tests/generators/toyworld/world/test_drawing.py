from __future__ import annotations

import math

import numpy as np
import pytest

from generators.toyworld.world.drawing import Figure, Frame, draw_backdrop, draw_frame
from generators.toyworld.world.palette import BACKGROUNDS, COLOURS
from generators.toyworld.world.physics import Point

AREA = {"circle": math.pi, "square": 4.0, "triangle": 2.0}
"""Area of each shape, in squared radii."""


def _draw(shape: str, side: int, at: Point = Point(0.5, 0.5), radius: float = 0.25) -> Frame:  # noqa: B008
    return draw_frame(draw_backdrop("white", side, side), [Figure(shape, "blue", radius, at)])


def _cover(frame: Frame) -> np.ndarray:
    """Return the covered share of each pixel, from the channel that differs most."""
    behind, colour = BACKGROUNDS["white"][0], COLOURS["blue"][0]
    return (behind - frame[..., 0].astype(float)) / (behind - colour)


@pytest.mark.parametrize("shape", AREA)
@pytest.mark.parametrize("side", [32, 512])
def test_a_shape_has_its_area_at_any_size(shape: str, side: int) -> None:
    area = _cover(_draw(shape, side)).sum() / (0.25 * side) ** 2
    assert area == pytest.approx(AREA[shape], rel=0.02)


@pytest.mark.parametrize("shape", AREA)
def test_a_shape_fills_its_bounding_square(shape: str) -> None:
    cover = _cover(_draw(shape, 512)) > 0.5
    for axis in (0, 1):
        (touched,) = np.nonzero(cover.any(axis=axis))
        assert (touched[0], touched[-1]) == (pytest.approx(128, abs=2), pytest.approx(383, abs=2))


def test_edges_are_smooth_and_everything_else_is_flat() -> None:
    cover = _cover(_draw("circle", 512))
    between = ((cover > 0.02) & (cover < 0.98)).sum()
    assert 0 < between < 3 * 2 * math.pi * 128


def test_motion_below_a_pixel_is_visible() -> None:
    here, there = (_cover(_draw("square", 64, Point(0.5 + shift / 64, 0.5))) for shift in (0, 0.25))
    columns = np.arange(64)
    shift = ((there - here) * columns).sum() / here.sum()
    assert shift == pytest.approx(0.25, abs=0.02)


def test_later_figures_are_in_front() -> None:
    figures = [Figure("square", colour, 0.2, Point(0.5, 0.5)) for colour in ("red", "green")]
    frame = draw_frame(draw_backdrop("navy", 64, 64), figures)
    assert tuple(frame[32, 32]) == COLOURS["green"]


def test_a_wide_picture_has_black_beside_the_box() -> None:
    frame = draw_frame(draw_backdrop("navy", 96, 64), [Figure("square", "red", 0.25, Point(0.25, 0.5))])
    assert not frame[:, :16].any()
    assert not frame[:, 80:].any()
    assert tuple(frame[2, 16]) == BACKGROUNDS["navy"]
    assert tuple(frame[32, 18]) == COLOURS["red"]


def test_drawing_leaves_the_backdrop_alone() -> None:
    backdrop = draw_backdrop("grey", 32, 32)
    draw_frame(backdrop, [Figure("circle", "red", 0.3, Point(0.5, 0.5))])
    assert (backdrop == BACKGROUNDS["grey"]).all()
