from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from numpy.typing import NDArray

from generators.toyworld.senses.decoding import SIDE
from generators.toyworld.senses.impacts import find_impacts
from generators.toyworld.senses.seeing import find_blobs, held_frames
from generators.toyworld.world.clip import draw_frames
from generators.toyworld.world.grammar import WORDS, Scene, parse
from generators.toyworld.world.physics import SILENT_SPEED, simulate
from tests.factories_generators import ONE, TWO

FPS = 24.0


def _frames(scene: Scene, seed: int, duration_s: float) -> NDArray[np.uint8]:
    flights = simulate(scene, seed, duration_s)
    return np.stack(list(draw_frames(scene, flights, duration_s, SIDE, SIDE, FPS)))


def test_an_empty_box_shows_nothing() -> None:
    assert find_blobs(np.full((4, SIDE, SIDE, 3), 140, np.uint8)) == ()


@pytest.mark.parametrize("background", WORDS["background"])
@pytest.mark.parametrize("shape", WORDS["shape"])
def test_colour_and_shape_are_seen_on_any_background(shape: str, background: str) -> None:
    for size, colour in product(WORDS["size"], WORDS["colour"]):
        caption = f"a {size} {colour} {shape} gliding right quickly on a {background} background"
        (blob,) = find_blobs(_frames(parse(caption), 1, 0.25))
        assert (blob.colour, blob.shape) == (colour, shape)


def test_two_objects_are_told_apart_while_they_cross() -> None:
    # The rim of yellow on navy has a hue near purple, which is the other object's.
    scene = parse(
        "a large yellow circle bouncing down-left quickly and a large purple circle gliding up-right quickly "
        "on a navy background"
    )
    for seed in range(6):
        blobs = find_blobs(_frames(scene, seed, 2.0))
        assert [(blob.colour, blob.shape) for blob in blobs] == [("yellow", "circle"), ("purple", "circle")]


def test_a_circle_is_seen_where_it_is() -> None:
    scene = parse(ONE)
    (flight,) = simulate(scene, 2, 1.0)
    (blob,) = find_blobs(_frames(scene, 2, 1.0))
    way = np.array([flight.position_at(index / FPS) for index in range(24)])
    assert np.abs(blob.centre - way).max() < 0.005


def test_held_frames_are_seen_and_motion_is_not_taken_for_them() -> None:
    frames = _frames(parse(ONE.replace("quickly", "slowly")), 1, 0.5)
    assert not held_frames(frames).any()
    stuttering = frames[np.arange(12) // 2 * 2]
    assert held_frames(stuttering).tolist() == [False, True] * 6


def test_a_change_in_either_direction_is_a_change() -> None:
    frames = np.full((3, 8, 8, 3), 100, np.uint8)
    frames[1, :4] += 60
    assert not held_frames(frames)[1:].any()


@pytest.mark.parametrize("caption", [ONE, ONE.replace("gliding", "bouncing"), TWO])
def test_impacts_are_seen_to_a_fraction_of_a_frame(caption: str) -> None:
    scene, found, happened = parse(caption), 0, 0
    for seed in range(4):
        flights = simulate(scene, seed, 3.0)
        blobs = find_blobs(_frames(scene, seed, 3.0))
        seen = [at for blob in blobs for at in find_impacts(blob, np.arange(72) / FPS, SILENT_SPEED)]
        real = np.array([hit.time_s for flight in flights for hit in flight.impacts if hit.audible])
        assert all(np.abs(real - at).min() < 0.025 for at in seen)
        found, happened = found + len(seen), happened + len(real)
    assert found >= 0.75 * happened
