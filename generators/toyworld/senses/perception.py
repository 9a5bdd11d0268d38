"""Measures a clip as a viewer perceives it: from pixels and samples alone, however it was encoded."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from generators.toyworld.senses.footage import SAMPLE_RATE, load
from generators.toyworld.senses.hearing import find_onsets
from generators.toyworld.senses.impacts import find_impacts
from generators.toyworld.senses.seeing import Blob, find_blobs, held_frames
from generators.toyworld.world.grammar import ObjectSpec, parse
from generators.toyworld.world.physics import SILENT_SPEED

_FURTHEST_S = 0.4
"""Sound and picture further apart than this are not taken for one event."""
_AGREE_S = 0.05
"""Pairs whose offsets differ by less support each other."""


@dataclass(frozen=True)
class Perception:
    """What a viewer notices about a clip, given what it was meant to show."""

    sound_offset_s: float | None
    """Median time from a visible impact to its sound, negative when that is early; None without pairs."""
    held_share: float
    """Share of frames that repeat the one before: motion that stands still, for whatever reason."""
    colour_matches: bool
    """Exactly the caption's colours are there."""
    shape_matches: bool
    """The objects have the caption's shapes."""
    seen: tuple[tuple[str, str], ...]
    """Colour and shape of each object that is visible."""
    impacts: int
    """How many impacts are visible."""
    onsets: int
    """How many sounds start."""


def perceive(path: Path, caption: str) -> Perception:
    """Watches and listens to a clip.

    Args:
        path: A clip of any size, frame rate and loudness, with or without black borders and sound.
        caption: The toy-world prompt that it was made for.

    Raises:
        InvalidInput: The caption is not of the toy world.
        ValueError: There is nothing to look at.
    """
    asked = parse(caption).objects
    footage = load(path)
    held = held_frames(footage.frames)
    moving, times_s = footage.frames[~held], footage.times_s[~held]
    blobs = find_blobs(moving)
    impacts = np.array([at for blob in blobs for at in find_impacts(blob, times_s, SILENT_SPEED)])
    onsets = find_onsets(footage.samples, SAMPLE_RATE) + footage.sound_start_s
    return Perception(
        sound_offset_s=match_offset(impacts, onsets),
        held_share=float(held.mean()),
        colour_matches={blob.colour for blob in blobs} == {item.colour for item in asked},
        shape_matches=_shapes_match(asked, blobs),
        seen=tuple((blob.colour, blob.shape) for blob in blobs),
        impacts=len(impacts),
        onsets=len(onsets),
    )


def match_offset(impacts_s: NDArray[np.float64], onsets_s: NDArray[np.float64]) -> float | None:
    """The delay of onsets behind impacts on which most pairs agree.

    Taking the nearest onset for each impact would mistake a late sound for an early one of the next impact,
    so all pairs within reach vote, and the median of those that agree with the winner is returned.
    """
    apart = (onsets_s[None, :] - impacts_s[:, None]).ravel()
    apart = apart[np.abs(apart) <= _FURTHEST_S]
    if not apart.size:
        return None
    support = (np.abs(apart[:, None] - apart[None, :]) < _AGREE_S).sum(axis=1)
    # Of equally supported delays the smallest: people take close events for one.
    best = apart[np.lexsort((np.abs(apart), -support))[0]]
    return float(np.median(apart[np.abs(apart - best) < _AGREE_S]))


def _shapes_match(asked: tuple[ObjectSpec, ...], blobs: tuple[Blob, ...]) -> bool:
    """Compares objects of one colour with each other, and those of a wrong colour with what is left."""
    seen = {blob.colour: blob.shape for blob in blobs}
    left_asked = sorted(item.shape for item in asked if item.colour not in seen)
    left_seen = sorted(seen[colour] for colour in seen if colour not in {item.colour for item in asked})
    same = all(seen[item.colour] == item.shape for item in asked if item.colour in seen)
    return same and left_asked == left_seen
