"""Judge a toy-world clip against its caption, from pixels and samples alone, without a network.

`judge` returns a verdict for one clip; `scores` summarises the verdicts of many.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from generators.toyworld.referee.motion import Move
from generators.toyworld.referee.synchrony import Sync, hear_onsets, judge_pitch, judge_synchrony
from generators.toyworld.senses.footage import Footage
from generators.toyworld.senses.impacts import Turn, find_turns
from generators.toyworld.senses.seeing import Floats, held_frames
from generators.toyworld.senses.tracing import ObjectTrack, name_background, overlapping, trace
from generators.toyworld.world.grammar import ObjectSpec, parse
from generators.toyworld.world.physics import SILENT_SPEED

FEWEST_FRAMES = 5
"""Frames in which an impact can be seen at all."""
_FASTEST = 2.4
"""Boxes a second; gravity gets no object beyond 1.9."""


@dataclass(frozen=True)
class Verdict:
    """Checks of one clip against its caption."""

    background: bool
    count: bool
    """Whether most frames hold as many objects as asked for."""
    colour: bool
    shape: bool
    size: bool
    direction: bool
    speed: bool
    motion: bool
    coherent: float
    """Share of frames that hold exactly the objects, each with its usual look."""
    teleports: float
    """Share of steps between frames that are further than anything flies."""
    held: float
    """Share of frames that repeat the one before."""
    pitch: bool | None
    """Whether most sounds have the pitch of an object asked for; None if nothing hits and nothing sounds."""
    sync: Sync | None
    """Impacts matched to sounds; None without a sound track."""
    first_frame_db: float | None
    """PSNR of the first frame against the reference image; None without one."""
    tracks: tuple[Floats, ...]
    """Centres (time, 2) of the objects, in boxes, with NaN where they aren't whole."""
    impacts: tuple[Turn, ...] = ()
    """Visible impacts of all objects, in order of time."""
    edge_px: float = 0.0
    """Width of the sharpest object's edge, in the clip's pixels; 0 without an object."""


def judge(clip: Footage, caption: str, first_frame: NDArray[np.uint8] | None = None) -> Verdict:
    """Compare a clip with its caption.

    Args:
        clip: At any frame rate, of at least `FEWEST_FRAMES` frames; best 64 to 128 pixels along a side.
        caption: The toy-world prompt that it was made for.
        first_frame: The reference image (side, side, 3), if one was given.

    Raises:
        InvalidInput: The caption is not of the toy world.
    """
    scene = parse(caption)
    asked = scene.objects
    tracks = trace(clip.frames)
    turns = [find_turns(track.blob, clip.times_s, SILENT_SPEED) for track in tracks]
    impacts = sorted(turn for of_track in turns for turn in of_track)
    pairs = _assign(asked, tracks)
    full = len(pairs) == len(asked)  # an object that isn't there has nothing right
    turns_of = {track.colour: found for track, found in zip(tracks, turns, strict=True)}
    moves = [(item, Move.of(track, turns_of[track.colour], clip.times_s)) for item, track in pairs]
    onsets_s = hear_onsets(clip)
    has_sound = clip.samples is not None
    return Verdict(
        background=name_background(clip.frames) == scene.background,
        count=_count(tracks) == len(asked),
        colour={track.colour for track in tracks} == {item.colour for item in asked},
        shape=full and all(track.shape == item.shape for item, track in pairs),
        size=full and all(track.size == item.size for item, track in pairs),
        direction=full and all(move.direction == item.direction for item, move in moves),
        speed=full and all(move.speed == item.speed for item, move in moves),
        motion=full and all(move.motion == item.motion for item, move in moves),
        coherent=_coherent(tracks, len(asked)) if tracks else 0.0,
        teleports=_teleports(tracks, clip.times_s) if tracks else 0.0,
        held=float(held_frames(clip.frames).mean()),
        pitch=judge_pitch(clip, onsets_s, asked, impacts) if has_sound else None,
        sync=judge_synchrony(clip, onsets_s, impacts) if has_sound else None,
        first_frame_db=None if first_frame is None else psnr_db(clip.frames[0], first_frame),
        tracks=tuple(track.centre for track in tracks),
        impacts=tuple(impacts),
        edge_px=min((track.edge_px for track in tracks), default=0.0),
    )


def psnr_db(picture: NDArray[np.uint8], reference: NDArray[np.uint8]) -> float:
    """Return the peak signal-to-noise ratio of 8-bit pictures (H, W, 3), at most 60 dB, as for equal ones."""
    error = float(((picture.astype(np.float64) - reference) ** 2).mean())
    return min(60.0, 10 * math.log10(255**2 / max(error, 1e-9)))


def _assign(
    asked: tuple[ObjectSpec, ...], tracks: tuple[ObjectTrack, ...]
) -> list[tuple[ObjectSpec, ObjectTrack]]:
    """Pair objects with tracks of their colour, then the remaining ones in order."""
    by_colour = {track.colour: track for track in tracks}
    pairs = [(item, by_colour[item.colour]) for item in asked if item.colour in by_colour]
    asked_colours = {item.colour for item in asked}
    left_asked = [item for item in asked if item.colour not in by_colour]
    left_tracks = [track for track in tracks if track.colour not in asked_colours]
    return pairs + list(zip(left_asked, left_tracks, strict=False))


def _count(tracks: tuple[ObjectTrack, ...]) -> int:
    """Return the median number of patches in a frame."""
    return int(np.median(np.sum([track.patches for track in tracks], axis=0))) if tracks else 0


def _coherent(tracks: tuple[ObjectTrack, ...], expected: int) -> float:
    """Return the share of coherent frames. Frames in which one object hides another don't count."""
    together = np.logical_and.reduce([track.whole for track in tracks]) & (len(tracks) == expected)
    clear = ~overlapping(tracks)
    return float(together[clear].mean()) if clear.any() else float(together.any())


def _teleports(tracks: tuple[ObjectTrack, ...], times_s: Floats) -> float:
    """Return the share of steps between frames, of all objects, that are faster than `_FASTEST`."""
    steps = np.concatenate([np.diff(track.centre, axis=0) for track in tracks])
    seconds = np.tile(np.diff(times_s), len(tracks))
    speeds = np.linalg.norm(steps, axis=1) / seconds
    known = speeds[~np.isnan(speeds)]
    return float((known > _FASTEST).mean()) if known.size else 0.0
