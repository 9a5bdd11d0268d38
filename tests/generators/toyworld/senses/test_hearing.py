from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from generators.toyworld.senses.hearing import find_levels, find_onsets, find_pitches
from generators.toyworld.world.grammar import WORDS, Scene, parse
from generators.toyworld.world.physics import Impact, Point
from generators.toyworld.world.sound import BASE_HZ, pitch_hz, render_sound
from tests.factories_generators import ONE, TWO

RATE = 16_000


def _sound(scene: Scene, *hits: tuple[float, float, int]) -> NDArray[np.float32]:
    """Return one channel of the sound of hits, each given as time, speed and object."""
    impacts = [Impact(at, "bottom", Point(0.5, 0.9), speed, index) for at, speed, index in hits]
    return render_sound(scene, impacts, 2.0, RATE)[:, 0]


def test_nothing_is_heard_without_sound() -> None:
    assert not find_onsets(np.zeros(0, np.float32), RATE).size
    assert not find_onsets(np.zeros(RATE, np.float32), RATE).size


def test_a_steady_tone_starts_once() -> None:
    tone = np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE).astype(np.float32)
    assert find_onsets(tone, RATE) == pytest.approx([0], abs=0.02)


@pytest.mark.parametrize("colour", WORDS["colour"])
@pytest.mark.parametrize("shape", WORDS["shape"])
def test_a_tone_of_any_pitch_is_heard_when_it_starts(shape: str, colour: str) -> None:
    scene = parse(ONE.replace("red", colour).replace("circle", shape))
    for at in (0.4, 0.777, 1.2345):
        assert find_onsets(_sound(scene, (at, 1.0, 0)), RATE) == pytest.approx([at], abs=0.008)


def test_loudness_does_not_matter() -> None:
    sound = _sound(parse(ONE), (0.5, 1.0, 0), (1.2, 0.3, 0))
    for gain in (0.01, 1.0):
        assert find_onsets(gain * sound, RATE) == pytest.approx([0.5, 1.2], abs=0.008)


def test_a_tone_is_heard_while_another_rings() -> None:
    sound = _sound(parse(TWO), (0.5, 1.0, 0), (0.6, 0.8, 1), (0.75, 0.9, 0))
    assert find_onsets(sound, RATE) == pytest.approx([0.5, 0.6, 0.75], abs=0.01)


@pytest.mark.parametrize("colour", WORDS["colour"])
@pytest.mark.parametrize("shape", WORDS["shape"])
def test_a_tones_pitch_is_heard(shape: str, colour: str) -> None:
    pitches = [base * 2 ** (step / 6) for base in BASE_HZ.values() for step in range(6)]
    scene = parse(ONE.replace("red", colour).replace("circle", shape))
    sound = _sound(scene, (0.4, 1.0, 0), (0.95, 0.5, 0))
    heard = find_pitches(sound, RATE, np.array([0.4, 0.95]), pitches)
    assert [pitches[place] for place in heard] == pytest.approx([pitch_hz(scene.objects[0])] * 2)


def test_a_louder_tone_has_a_higher_level_though_another_rings() -> None:
    sound = _sound(parse(ONE), (0.2, 0.3, 0), (0.6, 1.4, 0), (0.9, 0.5, 0))
    quiet, loud, middle = find_levels(sound, RATE, np.array([0.2, 0.6, 0.9]))
    assert quiet < middle < loud


def test_beyond_the_end_there_is_silence() -> None:
    assert find_levels(np.ones(100, np.float32), RATE, np.array([5.0])).tolist() == [0.0]
