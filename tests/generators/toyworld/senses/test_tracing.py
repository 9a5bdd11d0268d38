from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from generators.toyworld.senses.tracing import name_background, overlapping, trace
from generators.toyworld.world.clip import draw_frames
from generators.toyworld.world.grammar import WORDS, Scene, parse
from generators.toyworld.world.physics import simulate
from tests.factories_generators import ONE, TWO

SIDE, FPS = 64, 16.0


def _frames(scene: Scene, seed: int = 1, duration_s: float = 1.0) -> NDArray[np.uint8]:
    return np.stack(list(draw_frames(scene, simulate(scene, seed, duration_s), duration_s, SIDE, SIDE, FPS)))


def test_an_empty_box_shows_nothing() -> None:
    assert trace(np.full((4, SIDE, SIDE, 3), 140, np.uint8)) == ()


@pytest.mark.parametrize("background", WORDS["background"])
@pytest.mark.parametrize("shape", WORDS["shape"])
@pytest.mark.parametrize("blur", [0.0, 1.0])
def test_looks_are_read_small_and_blurred(shape: str, background: str, blur: float) -> None:
    for size, colour in product(WORDS["size"], WORDS["colour"]):
        frames = _frames(
            parse(f"a {size} {colour} {shape} gliding right quickly on a {background} background")
        )
        frames = ndimage.gaussian_filter(frames, (0, blur, blur, 0))
        (track,) = trace(frames)
        assert (track.colour, track.shape, track.size) == (colour, shape, size)
        assert track.whole.all()
        assert name_background(frames) == background


@pytest.mark.parametrize("shape", WORDS["shape"])
def test_an_object_is_seen_where_it_is(shape: str) -> None:
    scene = parse(ONE.replace("circle", shape))
    (flight,) = simulate(scene, 2, 1.0)
    (track,) = trace(_frames(scene, 2))
    way = np.array([flight.position_at(index / FPS) for index in range(16)])
    assert np.abs(track.centre - way).max() < 0.006


def test_two_objects_are_told_apart_while_they_cross() -> None:
    scene = parse(TWO)
    for seed in range(4):
        tracks = trace(_frames(scene, seed, 2.0))
        looks = {(track.colour, track.shape, track.size) for track in tracks}
        assert looks == {("yellow", "triangle", "large"), ("blue", "square", "small")}
        assert all((track.whole | overlapping(tracks)).all() for track in tracks)


def test_a_frame_without_the_object_is_a_gap() -> None:
    frames = _frames(parse(ONE))
    frames[5] = frames[0, 0, 0]
    (track,) = trace(frames)
    assert np.flatnonzero(~track.whole).tolist() == [5]
    assert track.patches[5] == 0


def test_a_cut_object_is_not_whole() -> None:
    frames = _frames(parse(ONE))
    row = int(trace(frames)[0].centre[7, 1] * SIDE)
    frames[7, row:] = frames[0, 0, 0]
    assert np.flatnonzero(~trace(frames)[0].whole).tolist() == [7]
