"""Compare the sound of a clip with its visible impacts, and its tones with the objects asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from generators.toyworld.senses.footage import Footage
from generators.toyworld.senses.hearing import find_levels, find_onsets, find_pitches
from generators.toyworld.senses.impacts import Turn
from generators.toyworld.senses.matching import pair
from generators.toyworld.senses.seeing import Floats
from generators.toyworld.world.grammar import WORDS, ObjectSpec
from generators.toyworld.world.sound import BASE_HZ

_BLIND = 2
"""Frames at either end in which a turn can't be seen, because there is nothing before or after it."""
_TOGETHER_S = 1 / 16
"""Largest time between an impact and its sound: a frame of the toy world's examples."""
_INAUDIBLE = 2e-3
"""Peak of the samples below which a sound track counts as silent."""
_PITCHES = {
    (shape, colour): base * 2 ** (step / 6)
    for shape, base in BASE_HZ.items()
    for step, colour in enumerate(WORDS["colour"])
}


@dataclass(frozen=True)
class Pair:
    """A visible impact and the sound that belongs to it."""

    offset_s: float
    """Time from the impact to its sound."""
    speed: float
    """Speed of the impact along the wall's normal, in boxes a second."""
    level: float
    """Root mean square of the sound just after its onset."""


@dataclass(frozen=True)
class Sync:
    """Visible impacts and sounds of one clip, matched one to one."""

    pairs: tuple[Pair, ...]
    seen: int
    """Number of visible impacts."""
    heard: int
    """Number of onsets while impacts can be seen."""


def is_silent(clip: Footage) -> bool:
    """Return whether a clip has no sound track, or one too quiet to hear."""
    return bool(np.abs(clip.mono).max(initial=0.0) < _INAUDIBLE)


def hear_onsets(clip: Footage) -> Floats:
    """Return the onset times (J,) in seconds from the first sample; none if the clip is silent."""
    return np.zeros(0) if is_silent(clip) else find_onsets(clip.mono, clip.sample_rate)


def judge_pitch(
    clip: Footage, onsets_s: Floats, asked: tuple[ObjectSpec, ...], impacts: Sequence[Turn]
) -> bool | None:
    """Return whether most sounds have a pitch that was asked for; None if nothing hits and nothing sounds.

    Args:
        clip: A clip with a sound track.
        onsets_s: Onset times from the first sample, (J,).
        asked: Objects of the prompt.
        impacts: Visible impacts.
    """
    if not len(onsets_s):
        return False if impacts else None
    names = list(_PITCHES)
    heard = find_pitches(clip.mono, clip.sample_rate, onsets_s, list(_PITCHES.values()))
    wanted = {(item.shape, item.colour) for item in asked}
    right = [names[place] in wanted for place in heard]
    return sum(right) > len(right) / 2


def judge_synchrony(clip: Footage, onsets_s: Floats, impacts: Sequence[Turn]) -> Sync:
    """Match onsets to impacts.

    Args:
        clip: A clip with a sound track.
        onsets_s: Onset times from the first sample, (J,).
        impacts: Visible impacts, in order of time.
    """
    levels = _levels(clip, onsets_s)
    heard_s = onsets_s + clip.sound_start_s
    matches = pair(np.array([turn.time_s for turn in impacts]), heard_s, _TOGETHER_S)
    offsets_s = [float(heard_s[j] - impacts[i].time_s) for i, j in matches]
    pairs = tuple(
        Pair(offset_s, impacts[i].speed, float(levels[j]))
        for offset_s, (i, j) in zip(offsets_s, matches, strict=True)
    )
    is_counted = _can_be_seen(heard_s, clip)
    is_counted[[j for _, j in matches]] = True
    return Sync(pairs, len(impacts), int(is_counted.sum()))


def _can_be_seen(heard_s: Floats, clip: Footage) -> NDArray[np.bool_]:
    """Return the sounds (J,) at times when an impact would be seen: none in a clip of very few frames."""
    if len(clip.times_s) <= 2 * _BLIND:
        return np.zeros(len(heard_s), bool)
    return np.asarray((heard_s > clip.times_s[_BLIND]) & (heard_s < clip.times_s[-1 - _BLIND]))


def _levels(clip: Footage, onsets_s: Floats) -> NDArray[np.float64]:
    """Return the level after each onset: √(Σ level²) over the channels.

    Impacts are panned at constant power, so the sum doesn't depend on where an impact is.
    """
    assert clip.samples is not None  # noqa: S101  (the caller has seen to it)
    channels = clip.samples.reshape(len(clip.samples), -1)
    squares = [find_levels(channel, clip.sample_rate, onsets_s) ** 2 for channel in channels.T]
    return np.asarray(np.sqrt(sum(squares)))
