"""Each impact rings: the shape sets octave and timbre, the colour the step, the speed the loudness."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from generators.toyworld.world.drawing import Array
from generators.toyworld.world.grammar import WORDS, ObjectSpec, Scene
from generators.toyworld.world.physics import Impact

Samples = NDArray[np.float32]
"""(samples, 2), within ±1; left channel first."""

BASE_HZ = {"circle": 261.63, "square": 523.25, "triangle": 1046.5}
PARTIALS = {"circle": (1.0, 0.15), "square": (1.0, 0.0, 0.3, 0.0, 0.12), "triangle": (1.0, 0.35, 0.1)}
"""Strength of each multiple of the pitch."""

FULL_SPEED = 1.5
"""Impacts from this normal speed on, in boxes a second, are as loud as it gets."""
_GAIN = 0.4
CEILING = 0.9
_ATTACK_S = 0.002
_DECAY_S = 0.12
RING_S = 0.8


def pitch_hz(item: ObjectSpec) -> float:
    """One of 18: an octave for each shape, a whole tone for each colour."""
    step = WORDS["colour"].index(item.colour)
    return BASE_HZ[item.shape] * 2 ** (step / 6)


def render_sound(scene: Scene, impacts: Iterable[Impact], duration_s: float, sample_rate: int) -> Samples:
    """The sound of the impacts, in stereo by where they happen."""
    sound = np.zeros((round(duration_s * sample_rate), 2))
    for impact in impacts:
        first, tone = _tone(scene, impact, len(sound), sample_rate)
        angle = impact.position.x * math.pi / 2  # constant power from left to right
        sound[first : first + len(tone)] += tone[:, None] * (math.cos(angle), math.sin(angle))
    return (sound * headroom(sound)).astype(np.float32)


def render_mono(
    scene: Scene, impacts: Iterable[Impact], duration_s: float, sample_rate: int
) -> NDArray[np.float32]:
    """The same sound as one channel of the same power, wherever it comes from: (samples,)."""
    sound = np.zeros(round(duration_s * sample_rate))
    for impact in impacts:
        first, tone = _tone(scene, impact, len(sound), sample_rate)
        sound[first : first + len(tone)] += tone
    return (sound * headroom(sound)).astype(np.float32)


def headroom(sound: NDArray[np.float64]) -> float:
    """Factor for the sound as a whole, instead of clipping: a chord may exceed what the format holds."""
    return min(1.0, CEILING / max(float(np.abs(sound).max(initial=0.0)), CEILING))


def gain(impact: Impact) -> float:
    """Strength of an impact's tone, 0 when it makes no sound."""
    return _GAIN * min(impact.speed / FULL_SPEED, 1.0) ** 0.6 if impact.audible else 0.0


def ring(shape: str, pitch_hz: Array, since_s: Array, xp: Array = np) -> Array:
    """A tone of unit gain, `since_s` seconds after its start; `xp` is the module whose arrays these are."""
    phase = 2 * math.pi * pitch_hz * since_s
    wave = 0.0
    for number, strength in enumerate(PARTIALS[shape], 1):
        if strength:
            wave = wave + strength * xp.sin(number * phase)
    return wave * xp.exp(-since_s / _DECAY_S) * xp.clip(since_s / _ATTACK_S, None, 1)


def _tone(scene: Scene, impact: Impact, length: int, sample_rate: int) -> tuple[int, NDArray[np.float64]]:
    """An impact's first sample in a track of `length` samples, and its samples from there."""
    if not impact.audible:
        return 0, np.zeros(0)
    item = scene.objects[impact.object_index]
    first = math.ceil(impact.time_s * sample_rate)
    count = min(round(RING_S * sample_rate), length - first)
    since_s = (first + np.arange(max(count, 0))) / sample_rate - impact.time_s
    return first, gain(impact) * ring(item.shape, pitch_hz(item), since_s)
