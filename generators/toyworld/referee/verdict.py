"""Objective checks of a toy-world clip against its caption, from pixels and samples alone.

`judge` looks at one clip and returns a verdict; `scores` sums verdicts up. No check uses a network.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from generators.toyworld.senses.hearing import find_levels, find_onsets, find_pitches
from generators.toyworld.senses.impacts import Turn, find_turns
from generators.toyworld.senses.seeing import Floats, held_frames
from generators.toyworld.senses.tracing import ObjectTrack, name_background, overlapping, trace
from generators.toyworld.world.grammar import WORDS, ObjectSpec, parse
from generators.toyworld.world.physics import GRAVITY, HEADING, SILENT_SPEED, SPEED
from generators.toyworld.world.sound import BASE_HZ

_FASTEST = 2.4
"""Boxes a second; gravity gets no object beyond 1.9."""
_FAST = math.sqrt(SPEED["slowly"] * SPEED["quickly"])
_HEAVY = GRAVITY["bouncing"] / 2
_BLIND = 2
"""Frames at either end in which a turn can't be seen, because there is nothing before or after it."""
_INAUDIBLE = 2e-3
_PITCHES = {
    (shape, colour): base * 2 ** (step / 6)
    for shape, base in BASE_HZ.items()
    for step, colour in enumerate(WORDS["colour"])
}


@dataclass(frozen=True)
class Pair:
    """A visible impact and the sound that belongs to it."""

    offset_s: float
    """From impact to sound."""
    speed: float
    level: float


@dataclass(frozen=True)
class Sync:
    """How far sounds and visible impacts belong together, one to one."""

    pairs: tuple[Pair, ...]
    seen: int
    heard: int
    """Onsets while impacts can be seen."""


@dataclass(frozen=True)
class Verdict:
    """What is right about one clip."""

    background: bool
    count: bool
    """As many objects as asked for, in most frames."""
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
    """Most sounds have the pitch of an object asked for; None where nothing hits and nothing sounds."""
    sync: Sync | None
    """None without a sound track."""
    first_frame_db: float | None
    """PSNR of the first frame against the reference image; None without one."""
    tracks: tuple[Floats, ...]
    """Centres (time, 2) of the objects, in boxes, with NaN where they aren't whole."""


@dataclass(frozen=True)
class Footage:
    """A decoded clip."""

    frames: NDArray[np.uint8]
    """(time, side, side, 3): the box alone."""
    fps: float
    samples: NDArray[np.float32] | None = None
    """(samples,) or (samples, 2)."""
    sample_rate: int = 16_000


def judge(clip: Footage, caption: str, first_frame: NDArray[np.uint8] | None = None) -> Verdict:
    """Compares a clip with what was asked for.

    Args:
        clip: At any frame rate and size, best 64 to 128 pixels.
        caption: The toy-world prompt that it was made for.
        first_frame: The reference image (side, side, 3), if one was given.

    Raises:
        InvalidInput: The caption is not of the toy world.
    """
    scene = parse(caption)
    times_s = np.arange(len(clip.frames)) / clip.fps
    tracks = trace(clip.frames)
    turns = [find_turns(track.blob, times_s, SILENT_SPEED) for track in tracks]
    pairs = _assign(scene.objects, tracks)
    full = len(pairs) == len(scene.objects)  # an object that isn't there has nothing right
    moves = [(item, _Move.of(track, turns[tracks.index(track)], times_s)) for item, track in pairs]
    mono = None if clip.samples is None else clip.samples.reshape(len(clip.samples), -1).mean(axis=1)
    onsets_s = np.zeros(0) if mono is None else _onsets(mono, clip.sample_rate)
    impacts = sorted(turn for of_track in turns for turn in of_track)
    return Verdict(
        background=name_background(clip.frames) == scene.background,
        count=_count(tracks) == len(scene.objects),
        colour={track.colour for track in tracks} == {item.colour for item in scene.objects},
        shape=full and all(track.shape == item.shape for item, track in pairs),
        size=full and all(track.size == item.size for item, track in pairs),
        direction=full and all(move.direction == item.direction for item, move in moves),
        speed=full and all(move.speed == item.speed for item, move in moves),
        motion=full and all(move.motion == item.motion for item, move in moves),
        coherent=_coherent(tracks, len(scene.objects)) if tracks else 0.0,
        teleports=_teleports(tracks, times_s) if tracks else 0.0,
        held=float(held_frames(clip.frames).mean()),
        pitch=None if mono is None else _pitch(mono, clip.sample_rate, onsets_s, scene.objects, impacts),
        sync=None
        if clip.samples is None
        else _sync(clip.samples, clip.sample_rate, onsets_s, impacts, times_s),
        first_frame_db=None if first_frame is None else psnr_db(clip.frames[0], first_frame),
        tracks=tuple(track.centre for track in tracks),
    )


def psnr_db(picture: NDArray[np.uint8], reference: NDArray[np.uint8]) -> float:
    """Peak signal-to-noise ratio, at most 60 dB: beyond that pictures are equal."""
    error = float(((picture.astype(np.float64) - reference) ** 2).mean())
    return min(60.0, 10 * math.log10(255**2 / max(error, 1e-9)))


@dataclass(frozen=True)
class _Move:
    """How one object moves, in the caption's words."""

    direction: str
    speed: str
    motion: str

    @classmethod
    def of(cls, track: ObjectTrack, turns: Sequence[Turn], times_s: Floats) -> _Move:
        known = np.flatnonzero(track.whole)
        if len(known) < 4:
            return cls("none", "none", "none")
        t, at = times_s[known], track.centre[known]
        pull = _pull(t, at[:, 1], [turn.time_s for turn in turns])
        motion = "bouncing" if pull > _HEAVY else "gliding"
        vx, vy = _start_velocity(t, at, turns, GRAVITY[motion])
        angle = math.degrees(math.atan2(vy, vx))
        direction = min(HEADING, key=lambda name: abs((angle - HEADING[name] + 180) % 360 - 180))
        return cls(direction, "quickly" if math.hypot(vx, vy) > _FAST else "slowly", motion)


def _pull(t: Floats, height: Floats, turns_s: list[float]) -> float:
    """Downward acceleration between turns, in boxes a second squared: parabolas, the longer the weightier."""
    edges = [-math.inf, *turns_s, math.inf]
    pulls, weights = [0.0], [1e-9]
    for start, end in pairwise(edges):
        inside = (t > start) & (t < end)
        if (count := int(inside.sum())) >= 4:
            pulls.append(2 * float(np.polyfit(t[inside], height[inside], 2)[0]))
            weights.append(float(count) ** 5)  # as the inverse variance of a parabola's bend
    return float(np.average(pulls, weights=weights))


def _start_velocity(t: Floats, at: Floats, turns: Sequence[Turn], gravity: float) -> tuple[float, float]:
    """Velocity at time 0, from the way before the first turn, with the known pull taken off."""
    free = t < (turns[0].time_s if turns else math.inf)
    # Three frames at least: no object turns before 0.2 s, so an earlier turn is an error of sight.
    free[:3] = True
    x, y = at[free, 0], at[free, 1] - gravity * t[free] ** 2 / 2
    return float(np.polyfit(t[free], x, 1)[0]), float(np.polyfit(t[free], y, 1)[0])


def _assign(
    asked: tuple[ObjectSpec, ...], tracks: tuple[ObjectTrack, ...]
) -> list[tuple[ObjectSpec, ObjectTrack]]:
    """Objects with tracks of their colour, then what is left of both in order."""
    by_colour = {track.colour: track for track in tracks}
    pairs = [(item, by_colour[item.colour]) for item in asked if item.colour in by_colour]
    colours = {item.colour for item in asked}
    left = [track for track in tracks if track.colour not in colours]
    return pairs + list(zip([item for item in asked if item.colour not in by_colour], left, strict=False))


def _count(tracks: tuple[ObjectTrack, ...]) -> int:
    return int(np.median(np.sum([track.patches for track in tracks], axis=0))) if tracks else 0


def _coherent(tracks: tuple[ObjectTrack, ...], expected: int) -> float:
    """Where one object hides another, nothing can be said: such frames count neither way."""
    together = np.logical_and.reduce([track.whole for track in tracks]) & (len(tracks) == expected)
    clear = ~overlapping(tracks)
    return float(together[clear].mean()) if clear.any() else float(together.any())


def _teleports(tracks: tuple[ObjectTrack, ...], times_s: Floats) -> float:
    steps = [np.linalg.norm(np.diff(track.centre, axis=0), axis=1) / np.diff(times_s) for track in tracks]
    known = np.concatenate(steps)
    known = known[~np.isnan(known)]
    return float((known > _FASTEST).mean()) if known.size else 0.0


def _onsets(mono: NDArray[np.float32], sample_rate: int) -> Floats:
    if np.abs(mono).max(initial=0.0) < _INAUDIBLE:
        return np.zeros(0)
    return find_onsets(mono, sample_rate)


def _pitch(
    mono: NDArray[np.float32], rate: int, onsets_s: Floats, asked: tuple[ObjectSpec, ...], impacts: list[Turn]
) -> bool | None:
    if not len(onsets_s):
        return False if impacts else None
    names = list(_PITCHES)
    heard = [names[place] for place in find_pitches(mono, rate, onsets_s, list(_PITCHES.values()))]
    right = [name in {(item.shape, item.colour) for item in asked} for name in heard]
    return sum(right) > len(right) / 2


def _sync(
    samples: NDArray[np.float32], rate: int, onsets_s: Floats, impacts: list[Turn], times_s: Floats
) -> Sync:
    # Constant-power panning: the power of both channels together doesn't depend on where an impact is.
    channels = samples.reshape(len(samples), -1)
    levels = np.sqrt(
        sum(find_levels(channels[:, side], rate, onsets_s) ** 2 for side in range(channels.shape[1]))
    )
    within_s = times_s[1] - times_s[0]
    matches = match(np.array([turn.time_s for turn in impacts]), onsets_s, within_s)
    pairs = tuple(
        Pair(float(onsets_s[j] - impacts[i].time_s), impacts[i].speed, float(levels[j])) for i, j in matches
    )
    visible = (onsets_s > times_s[_BLIND]) & (onsets_s < times_s[-1 - _BLIND])
    visible[[j for _, j in matches]] = True
    return Sync(pairs, len(impacts), int(visible.sum()))


def match(impacts_s: Floats, onsets_s: Floats, within_s: float) -> list[tuple[int, int]]:
    """Pairs of places in both lists, nearest first, each used once."""
    apart = np.abs(onsets_s[None, :] - impacts_s[:, None])
    pairs: list[tuple[int, int]] = []
    while apart.size and apart.min() <= within_s:
        i, j = np.unravel_index(int(apart.argmin()), apart.shape)
        pairs.append((int(i), int(j)))
        apart[i, :] = apart[:, j] = math.inf
    return pairs
