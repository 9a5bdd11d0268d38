"""Make renditions: files that raters are shown, alike in everything but picture and sound."""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from arena.media.audit import find_leaks
from arena.media.binary import ffmpeg_version
from arena.media.changes import Changes, foresee
from arena.media.graph import encode_rendition, encode_silence, sound_source
from arena.media.intake import LIMITS
from arena.media.loudness import Levelled, level_sound
from arena.media.probe import Probe, probe
from arena.media.profile import Profile


class LeakyRendition(RuntimeError):
    """Rendition that still tells who made it, and was discarded."""


@dataclass(frozen=True)
class RenditionFacts:
    """Facts of a finished rendition, read back from the file."""

    sha256: str
    size_bytes: int
    width: int
    height: int
    fps: float
    frames: int
    duration_s: float
    has_sound: bool
    """Whether the clip's own sound is in it; if not, its sound track is silent."""
    gain_db: float | None
    ceiling_dbtp: float | None
    """Level to which the sound's peaks were limited before it was encoded."""
    loudness_lufs: float | None
    """Integrated; None for silence, which has none."""
    true_peak_dbtp: float | None
    ffmpeg: str
    """Version of the ffmpeg that made it: the same clip and version give the same bytes."""
    changes: Changes
    """Changes of the clip: scaling, bars, cuts, added silence, gain."""


def normalise(
    source: Path,
    target: Path,
    profile: Profile,
    *,
    with_sound: bool,
    duration_s: float | None = None,
    forbidden: Iterable[str] = (),
    facts: Probe | None = None,
) -> RenditionFacts:
    """Write the rendition of one clip as a fast-start MP4 of H.264 and AAC.

    The whole picture is scaled into the frame and padded. A clip that is too short holds its last picture.

    Args:
        source: the clip as its generator made it.
        target: path of the rendition; a half-made one never stands there.
        profile: the form shared by all renditions it may be shown with.
        with_sound: whether raters hear the clip; if not, its sound track is silent.
        duration_s: length of the rendition, rounded to whole frames; None keeps the clip's own.
        forbidden: strings that must not occur in the file, as `find_leaks` takes them.
        facts: result of `probe` for the clip; None probes it, which plays the clip once more.

    Raises:
        UnusableMedia: the clip can't be shown.
        LeakyRendition: the result would tell who made it.
    """
    facts = facts or probe(source)
    length_s = _length_s(duration_s, facts.duration_s)
    frames = profile.frames_in(length_s)
    with TemporaryDirectory(dir=target.parent, prefix=".rendition-") as folder:
        scratch = Path(folder)
        draft = scratch / "rendition.mp4"
        sound = scratch / "sound.mp4"
        levelled = None
        if with_sound and facts.sound:
            levelled = level_sound(sound_source(source, facts), sound, profile, frames)
        else:
            encode_silence(sound, profile, frames)
        encode_rendition(source, sound, draft, profile, facts, frames)
        _refuse_leaks(draft, forbidden)
        changes = foresee(facts, profile, with_sound=with_sound, duration_s=length_s)
        rendition = _describe(draft, levelled, changes)
        os.replace(draft, target)
    return rendition


def _length_s(asked_s: float | None, own_s: float) -> float:
    if asked_s is None:
        return own_s
    if not 0 < asked_s <= LIMITS.duration_s:
        raise ValueError(
            f"A rendition can't last {asked_s} s; allowed: above 0, up to {LIMITS.duration_s:g} s."
        )
    return asked_s


def _refuse_leaks(draft: Path, forbidden: Iterable[str]) -> None:
    leaks = find_leaks(draft, forbidden)
    if leaks:
        raise LeakyRendition(f"The rendition would tell who made it ({'; '.join(map(str, leaks))}).")


def _describe(draft: Path, levelled: Levelled | None, changes: Changes) -> RenditionFacts:
    facts = probe(draft)
    return RenditionFacts(
        sha256=hashlib.sha256(draft.read_bytes()).hexdigest(),
        size_bytes=draft.stat().st_size,
        width=facts.width,
        height=facts.height,
        fps=facts.fps,
        frames=facts.frames,
        duration_s=facts.duration_s,
        has_sound=levelled is not None,
        gain_db=levelled.gain_db if levelled else None,
        ceiling_dbtp=levelled.level.ceiling_dbtp if levelled else None,
        loudness_lufs=_finite(levelled.heard.integrated_lufs) if levelled else None,
        true_peak_dbtp=_finite(levelled.heard.true_peak_dbtp) if levelled else None,
        ffmpeg=ffmpeg_version(),
        changes=_with_gain(changes, levelled) if levelled else changes,
    )


def _with_gain(changes: Changes, levelled: Levelled) -> Changes:
    return replace(changes, gain_db=levelled.gain_db, gain_missing_db=levelled.missing_db)


def _finite(level: float) -> float | None:
    return level if math.isfinite(level) else None
