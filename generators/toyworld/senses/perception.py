"""Measure a clip as a viewer perceives it: from pixels and samples alone, however it was encoded."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from generators.toyworld.senses.decoding import load
from generators.toyworld.senses.hearing import find_onsets
from generators.toyworld.senses.impacts import find_impacts
from generators.toyworld.senses.matching import common_delay
from generators.toyworld.senses.seeing import Blob, find_blobs, held_frames
from generators.toyworld.world.grammar import ObjectSpec, parse
from generators.toyworld.world.physics import SILENT_SPEED


@dataclass(frozen=True)
class Perception:
    """Measures of a clip that a viewer notices, given what it was meant to show."""

    sound_offset_s: float | None
    """Median time from a visible impact to its sound, negative if that is early; None without pairs."""
    held_share: float
    """Share of frames that repeat the one before."""
    colour_matches: bool
    """Whether the visible colours are exactly the caption's."""
    shape_matches: bool
    """Whether the objects have the caption's shapes."""
    seen: tuple[tuple[str, str], ...]
    """Colour and shape of each visible object."""
    impacts: int
    """Number of visible impacts."""
    onsets: int
    """Number of sounds that start."""


def perceive(path: Path, caption: str) -> Perception:
    """Watch and listen to a clip.

    Args:
        path: A clip of any size, frame rate and loudness, with or without black borders and sound.
        caption: The toy-world prompt that it was made for.

    Raises:
        InvalidInput: The caption is not of the toy world.
        ValueError: The clip has no video, or its first frame is black.
    """
    asked = parse(caption).objects
    footage = load(path)
    held = held_frames(footage.frames)
    times_s = footage.times_s[~held]
    blobs = find_blobs(footage.frames[~held])
    impacts_s = np.array([at for blob in blobs for at in find_impacts(blob, times_s, SILENT_SPEED)])
    onsets_s = find_onsets(footage.mono, footage.sample_rate) + footage.sound_start_s
    return Perception(
        sound_offset_s=common_delay(impacts_s, onsets_s),
        held_share=float(held.mean()),
        colour_matches={blob.colour for blob in blobs} == {item.colour for item in asked},
        shape_matches=_shapes_match(asked, blobs),
        seen=tuple((blob.colour, blob.shape) for blob in blobs),
        impacts=len(impacts_s),
        onsets=len(onsets_s),
    )


def _shapes_match(asked: tuple[ObjectSpec, ...], blobs: tuple[Blob, ...]) -> bool:
    """Compare objects with blobs of the same colour, and the remaining objects with the remaining blobs."""
    seen = {blob.colour: blob.shape for blob in blobs}
    asked_colours = {item.colour for item in asked}
    left_asked = sorted(item.shape for item in asked if item.colour not in seen)
    left_seen = sorted(shape for colour, shape in seen.items() if colour not in asked_colours)
    same = all(seen[item.colour] == item.shape for item in asked if item.colour in seen)
    return same and left_asked == left_seen
