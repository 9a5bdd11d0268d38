"""Each impact rings: the shape sets octave and timbre, the colour the step, the speed the loudness."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from generators.toyworld.grammar import WORDS, ObjectSpec, Scene
from generators.toyworld.physics import Impact

Samples = NDArray[np.float32]
"""(samples, 2), within ±1; left channel first."""

BASE_HZ = {"circle": 261.63, "square": 523.25, "triangle": 1046.5}
PARTIALS = {"circle": (1.0, 0.15), "square": (1.0, 0.0, 0.3, 0.0, 0.12), "triangle": (1.0, 0.35, 0.1)}
"""Strength of each multiple of the pitch."""

FULL_SPEED = 1.5
"""Impacts from this normal speed on, in boxes a second, are as loud as it gets."""
_GAIN = 0.4
_CEILING = 0.9
_ATTACK_S = 0.002
_DECAY_S = 0.12
_RING_S = 0.8


def pitch_hz(item: ObjectSpec) -> float:
    """One of 18: an octave for each shape, a whole tone for each colour."""
    step = WORDS["colour"].index(item.colour)
    return BASE_HZ[item.shape] * 2 ** (step / 6)


def render_sound(scene: Scene, impacts: Iterable[Impact], duration_s: float, sample_rate: int) -> Samples:
    """The sound of the impacts, in stereo by where they happen."""
    sound = np.zeros((round(duration_s * sample_rate), 2))
    for impact in impacts:
        if impact.audible:
            _add_tone(sound, scene.objects[impact.object_index], impact, sample_rate)
    # Scaled as a whole instead of clipped: a chord of hits may exceed what the format holds.
    loudest = float(np.abs(sound).max(initial=0.0))
    return (sound * min(1.0, _CEILING / max(loudest, _CEILING))).astype(np.float32)


def _add_tone(sound: NDArray[np.float64], item: ObjectSpec, impact: Impact, sample_rate: int) -> None:
    first = math.ceil(impact.time_s * sample_rate)
    count = min(round(_RING_S * sample_rate), len(sound) - first)
    since_s = (first + np.arange(max(count, 0))) / sample_rate - impact.time_s
    gain = _GAIN * min(impact.speed / FULL_SPEED, 1.0) ** 0.6
    angle = impact.position.x * math.pi / 2  # constant power from left to right
    tone = gain * _ring(item, since_s)
    sound[first : first + len(tone)] += tone[:, None] * (math.cos(angle), math.sin(angle))


def _ring(item: ObjectSpec, since_s: NDArray[np.float64]) -> NDArray[np.float64]:
    phase = 2 * math.pi * pitch_hz(item) * since_s
    wave = sum(
        (strength * np.sin(number * phase) for number, strength in enumerate(PARTIALS[item.shape], 1)),
        np.zeros_like(since_s),
    )
    return np.asarray(wave * np.exp(-since_s / _DECAY_S) * np.minimum(since_s / _ATTACK_S, 1))
