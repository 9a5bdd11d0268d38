from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from generators.toyworld.senses.decoding import load
from generators.toyworld.senses.impacts import find_turns
from generators.toyworld.senses.tracing import name_background, overlapping, trace
from generators.toyworld.world.clip import draw_frames
from generators.toyworld.world.grammar import WORDS, Scene, parse
from generators.toyworld.world.physics import SILENT_SPEED, simulate
from tests.factories_generators import ONE, TWO, make_clip

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
def test_an_edge_has_its_width(shape: str) -> None:
    frames = _frames(parse(ONE.replace("circle", shape)))
    blurred = ndimage.gaussian_filter(frames, (0, 1.5, 1.5, 0))
    assert trace(frames)[0].edge_px <= 2 < trace(blurred)[0].edge_px


@pytest.mark.parametrize("shape", WORDS["shape"])
def test_an_object_is_seen_where_it_is(shape: str) -> None:
    scene = parse(ONE.replace("circle", shape))
    (flight,) = simulate(scene, 2, 1.0)
    (track,) = trace(_frames(scene, 2))
    way = np.array([flight.position_at(index / FPS) for index in range(16)])
    assert np.abs(track.centre - way).max() < 0.006


def test_the_rim_of_orange_on_navy_is_not_taken_for_yellow(tmp_path: Path) -> None:
    caption = "a large orange square bouncing up quickly on a navy background"
    clip = make_clip(tmp_path, prompt=caption, width=512, height=512)
    assert [track.colour for track in trace(load(clip.path).frames)] == ["orange"]


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


@pytest.mark.parametrize("caption", [ONE, ONE.replace("gliding", "bouncing"), TWO])
def test_impacts_are_seen_to_a_fraction_of_a_frame(caption: str) -> None:
    scene, found, happened = parse(caption), 0, 0
    for seed in range(4):
        tracks = trace(_frames(scene, seed, 3.0))
        times_s = np.arange(48) / FPS
        seen = [turn.time_s for track in tracks for turn in find_turns(track.blob, times_s, SILENT_SPEED)]
        flights = simulate(scene, seed, 3.0)
        real = np.array([hit.time_s for flight in flights for hit in flight.impacts if hit.audible])
        assert all(np.abs(real - at).min() < 0.025 for at in seen)
        found, happened = found + len(seen), happened + len(real)
    assert found >= 0.75 * happened
