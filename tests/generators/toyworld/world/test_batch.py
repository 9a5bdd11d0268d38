from __future__ import annotations

import numpy as np
import pytest

from generators.toyworld.world.batch import Happening, draw_batch, sound_batch
from generators.toyworld.world.clip import draw_frames
from generators.toyworld.world.grammar import parse
from generators.toyworld.world.physics import simulate
from generators.toyworld.world.sound import render_mono
from tests.factories_generators import ONE, TWO

CAPTIONS = (
    ONE,
    TWO,
    "a small purple triangle bouncing up slowly on a white background",
    "a large green square bouncing up quickly and a large red square gliding up quickly on a grey background",
)


@pytest.fixture(scope="module")
def happenings() -> list[Happening]:
    return [
        (parse(caption), simulate(parse(caption), seed, 2.0)) for caption in CAPTIONS for seed in range(3)
    ]


def test_pictures_are_those_that_are_drawn_one_by_one(happenings: list[Happening]) -> None:
    batch = draw_batch(happenings, 32, 16.0, 64).numpy()
    for pictures, (scene, flights) in zip(batch, happenings, strict=True):
        alone = np.stack(list(draw_frames(scene, flights, 2.0, 64, 64, 16.0)))
        assert np.abs(pictures.astype(int) - alone).max() <= 1


def test_sound_is_that_which_is_rendered_one_by_one(happenings: list[Happening]) -> None:
    batch = sound_batch(happenings, 2.0, 16_000).numpy()
    assert np.abs(batch).max() > 0.1
    for samples, (scene, flights) in zip(batch, happenings, strict=True):
        impacts = [impact for flight in flights for impact in flight.impacts]
        assert np.abs(samples - render_mono(scene, impacts, 2.0, 16_000)).max() < 1e-3


def test_a_batch_without_impacts_is_silent() -> None:
    scene = parse(ONE)
    assert not sound_batch([(scene, simulate(scene, 1, 0.1))], 0.1, 16_000).any()
