from __future__ import annotations

from dataclasses import replace
from itertools import pairwise, product

import numpy as np
import pytest

from generators.toyworld.world.grammar import WORDS, parse
from generators.toyworld.world.physics import Impact, Point
from generators.toyworld.world.sound import Samples, pitch_hz, render_mono, render_sound
from tests.factories_generators import ONE

RATE = 16_000
SCENE = parse(ONE)


def _render(*impacts: Impact, duration_s: float = 1.0) -> Samples:
    return render_sound(SCENE, impacts, duration_s, RATE)


def _hit(time_s: float = 0.25, speed: float = 1.0, x: float = 0.5) -> Impact:
    return Impact(time_s, "bottom", Point(x, 0.9), speed, 0)


def test_no_impacts_no_sound() -> None:
    sound = _render()
    assert sound.shape == (RATE, 2)
    assert not sound.any()


def test_a_slow_impact_is_silent() -> None:
    assert not _render(_hit(speed=0.1)).any()


def test_the_tone_starts_with_the_impact() -> None:
    sound = _render(_hit(0.25))
    assert not sound[: RATE // 4].any()
    assert np.abs(sound[RATE // 4 :][: RATE // 100]).max() > 0.1


def test_the_tone_has_the_pitch_of_its_object() -> None:
    spectrum = np.abs(np.fft.rfft(_render(_hit(0.0))[:, 0]))
    assert np.argmax(spectrum) == pytest.approx(pitch_hz(SCENE.objects[0]), abs=1)


def test_there_are_eighteen_pitches() -> None:
    items = (
        replace(SCENE.objects[0], shape=shape, colour=colour)
        for shape, colour in product(WORDS["shape"], WORDS["colour"])
    )
    pitches = sorted(pitch_hz(item) for item in items)
    assert len(pitches) == 18
    assert all(above / below > 1.12 for below, above in pairwise(pitches))


def test_a_faster_impact_is_louder() -> None:
    loudness = [float(np.abs(_render(_hit(speed=speed))).max()) for speed in (0.3, 0.8, 1.4)]
    assert loudness == sorted(loudness)
    assert loudness[-1] > 2 * loudness[0]


def test_it_sounds_from_where_it_happens() -> None:
    left, right = (np.abs(_render(_hit(x=x))).max(axis=0) for x in (0.1, 0.9))
    assert left[0] > 4 * left[1]
    assert right[1] > 4 * right[0]


def test_a_chord_of_loud_hits_does_not_clip() -> None:
    sound = _render(*(_hit(0.25, speed=2.0) for _ in range(8)))
    assert np.abs(sound).max() == pytest.approx(0.9, abs=1e-6)


def test_an_impact_at_the_very_end_fits() -> None:
    assert _render(_hit(0.9999)).shape == (RATE, 2)


def test_the_duration_may_be_any_fraction() -> None:
    assert len(_render(_hit(), duration_s=0.7)) == 11_200


def test_one_channel_has_the_power_of_two() -> None:
    hit = _hit(0.25, x=0.1)
    mono, stereo = render_mono(SCENE, [hit], 1.0, RATE), _render(hit)
    assert mono.shape == (RATE,)
    assert np.hypot(*stereo.T) == pytest.approx(np.abs(mono), abs=1e-6)
