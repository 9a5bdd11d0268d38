"""Find the faults of a clip file that a viewer can notice, however it was encoded."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from generators.toyworld.referee.synchrony import hear_onsets, judge_synchrony
from generators.toyworld.referee.verdict import Verdict, judge
from generators.toyworld.senses.decoding import load
from generators.toyworld.senses.footage import Footage
from generators.toyworld.senses.matching import common_delay
from generators.toyworld.senses.seeing import held_frames
from generators.toyworld.world.grammar import parse

_SHARP_PX = 2.0
"""Widest edge that looks sharp, with 128 pixels along the box; enlarged clips of 64 have 3 or more."""


@dataclass(frozen=True)
class Faults:
    """Measures of what is wrong with a clip. The defaults are those of a faultless one."""

    sound_offset_s: float | None = 0.0
    """Median time from a visible impact to its sound, negative if that is early; None without pairs."""
    unmatched: float = 0.0
    """Share of impacts and sounds that have no partner at that offset; 0 without a sound track."""
    held: float = 0.0
    """Share of frames that repeat the one before."""
    wrong_look: bool = False
    """Whether background, number, colour, shape or size of the objects are not the caption's."""
    wrong_motion: bool = False
    """Whether direction, speed or motion of the objects are not the caption's."""
    incoherent: float = 0.0
    """Share of frames that don't hold exactly the objects, each with its usual look."""
    blurred: bool = False
    """Whether edges are wider than those of a clip that is drawn at its size."""


def find_faults(path: Path, caption: str) -> Faults:
    """Watch and listen to a clip.

    Args:
        path: A clip of any size, frame rate and loudness, with or without black borders and sound.
        caption: The toy-world prompt that it was made for.

    Raises:
        InvalidInput: The caption is not of the toy world.
        ValueError: The clip has no video, or its first frame is black.
    """
    parse(caption)
    clip = load(path)
    held = held_frames(clip.frames)
    # Objects that stand still every second frame would seem to turn round there.
    moving = replace(clip, frames=clip.frames[~held], times_s=clip.times_s[~held])
    verdict = judge(moving, caption)
    offset_s, unmatched = _compare_sound(clip, verdict)
    return Faults(
        sound_offset_s=offset_s,
        unmatched=unmatched,
        held=float(held.mean()),
        wrong_look=not all((verdict.background, verdict.count, verdict.colour, verdict.shape, verdict.size)),
        wrong_motion=not all((verdict.direction, verdict.speed, verdict.motion)),
        incoherent=1 - verdict.coherent,
        blurred=verdict.edge_px > _SHARP_PX,
    )


def _compare_sound(clip: Footage, verdict: Verdict) -> tuple[float | None, float]:
    """Return the sound's offset, and the share of events without a partner once the sound is moved by it."""
    if clip.samples is None:
        return None, 0.0
    onsets_s = hear_onsets(clip)
    impacts_s = np.array([turn.time_s for turn in verdict.impacts])
    offset_s = common_delay(impacts_s, onsets_s + clip.sound_start_s)
    moved = replace(clip, sound_start_s=clip.sound_start_s - (offset_s or 0.0))
    sync = judge_synchrony(moved, onsets_s, verdict.impacts)
    events = sync.seen + sync.heard
    return offset_s, 1 - 2 * len(sync.pairs) / events if events else 0.0
