"""Render the tones of impacts.

The shape of an object sets octave and timbre, its colour the step, its speed the loudness.
"""

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
"""Strength of each multiple of the pitch, from 1."""

FULL_SPEED = 1.5
"""Normal speed in boxes a second from which on impacts no longer get louder."""
_GAIN = 0.4
CEILING = 0.9
_ATTACK_S = 0.002
_DECAY_S = 0.12
RING_S = 0.8


def pitch_hz(item: ObjectSpec) -> float:
    """Return an object's pitch, one of 18: an octave for each shape, a whole tone for each colour."""
    step = WORDS["colour"].index(item.colour)
    return BASE_HZ[item.shape] * 2 ** (step / 6)


def render_sound(scene: Scene, impacts: Iterable[Impact], duration_s: float, sample_rate: int) -> Samples:
    """Render the sound of impacts in stereo, (samples, 2), panned by their place."""
    sound = np.zeros((round(duration_s * sample_rate), 2))
    for impact in impacts:
        first, tone = _tone(scene, impact, len(sound), sample_rate)
        angle = impact.position.x * math.pi / 2  # constant power from left to right
        sound[first : first + len(tone)] += tone[:, None] * (math.cos(angle), math.sin(angle))
    return (sound * headroom(sound)).astype(np.float32)


def render_mono(
    scene: Scene, impacts: Iterable[Impact], duration_s: float, sample_rate: int
) -> NDArray[np.float32]:
    """Render the sound of impacts as one channel of the same power, (samples,)."""
    sound = np.zeros(round(duration_s * sample_rate))
    for impact in impacts:
        first, tone = _tone(scene, impact, len(sound), sample_rate)
        sound[first : first + len(tone)] += tone
    return (sound * headroom(sound)).astype(np.float32)


def headroom(sound: NDArray[np.float64]) -> float:
    """Return the factor that brings the peak of a sound, of any shape, down to `CEILING`."""
    peak = float(np.abs(sound).max(initial=0.0))
    return min(1.0, CEILING / max(peak, CEILING))


def gain(impact: Impact) -> float:
    """Return the strength of an impact's tone; 0 if it is silent."""
    if not impact.audible:
        return 0.0
    loudness: float = min(impact.speed / FULL_SPEED, 1.0) ** 0.6
    return _GAIN * loudness


def ring(shape: str, pitch_hz: Array, since_s: Array, xp: Array = np) -> Array:
    """Return the samples of a tone of unit gain.

    Args:
        shape: Shape of the object, which sets the partials.
        pitch_hz: Pitch.
        since_s: Seconds since the tone's start; broadcasts with the pitch.
        xp: Module of the arrays, `numpy` or `torch`.
    """
    phase = 2 * math.pi * pitch_hz * since_s
    wave = 0.0
    for number, strength in enumerate(PARTIALS[shape], 1):
        if strength:
            wave = wave + strength * xp.sin(number * phase)
    return wave * xp.exp(-since_s / _DECAY_S) * xp.clip(since_s / _ATTACK_S, None, 1)


def _tone(scene: Scene, impact: Impact, length: int, sample_rate: int) -> tuple[int, NDArray[np.float64]]:
    """Return an impact's first sample in a track of `length` samples, and the samples of its tone."""
    if not impact.audible:
        return 0, np.zeros(0)
    item = scene.objects[impact.object_index]
    first = math.ceil(impact.time_s * sample_rate)
    count = min(round(RING_S * sample_rate), length - first)
    since_s = (first + np.arange(max(count, 0))) / sample_rate - impact.time_s
    return first, gain(impact) * ring(item.shape, pitch_hz(item), since_s)
