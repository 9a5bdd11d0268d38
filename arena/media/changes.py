"""Describe what a rendition changes about a clip, so that organisers are told of every change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

from arena.media.probe import Probe, Sound
from arena.media.profile import Profile

TOLD_S = 0.05
"""Longest cut, hold or silence in seconds that isn't told: encoders round lengths to their own blocks."""
TOLD_RATE = 0.001
"""Relative difference below which rates count as equal."""


@dataclass(frozen=True)
class Changes:
    """All changes that normalising makes to one clip; `described()` tells them to people.

    `foresee` computes it before any work is done, `normalise` returns it as `RenditionFacts.changes`, and
    a stored rendition keeps it as `recipe["changes"]`: `Changes.stored(recipe["changes"])` reads it back.
    """

    source_width: int
    """Width of the original as displayed: after rotation and with square pixels."""
    source_height: int
    picture_width: int
    """Width of the clip's picture inside the rendition's frame."""
    picture_height: int
    bars_x_px: int
    """Number of black columns, left and right together."""
    bars_y_px: int
    """Number of black rows, above and below together."""
    source_fps: float
    fps: float
    source_duration_s: float
    duration_s: float
    cut_s: float
    """Seconds of picture left out at the end."""
    held_s: float
    """Seconds for which the last picture stands after the clip's own end."""
    sound_cut_s: float
    """Seconds of sound left out before the first picture and after the last."""
    silence_s: float
    """Seconds of silence added before, after and in gaps; the whole length if there is no sound."""
    mended_s: float
    """Seconds of sound silenced because its samples aren't numbers, or are absurdly loud."""
    muted: bool
    """Whether the clip has sound that raters don't hear, because sound isn't judged."""
    unheard_tracks: int
    """Number of further sound tracks that aren't silent, and that nobody hears."""
    deinterlaced: bool
    gamut_converted: bool
    gain_db: float | None = None
    """Gain of the sound in dB; None without sound, and before it is measured."""
    gain_missing_db: float = 0.0
    """Gain in dB that the profile's loudness would need beyond its `max_gain_db`."""

    @classmethod
    def stored(cls, values: Mapping[str, Any]) -> Self:
        """Read changes back from a rendition's recipe; a figure that an earlier version didn't keep is 0."""
        return cls(**{field.name: values.get(field.name, 0) for field in fields(cls)})

    @property
    def scaled(self) -> bool:
        """Whether the picture has another size than in the original."""
        return (self.source_width, self.source_height) != (self.picture_width, self.picture_height)

    @property
    def padded(self) -> bool:
        """Whether there are black bars."""
        return bool(self.bars_x_px or self.bars_y_px)

    @property
    def retimed(self) -> bool:
        """Whether pictures are dropped or repeated for another frame rate."""
        return abs(self.fps - self.source_fps) > TOLD_RATE * self.source_fps

    @property
    def cut(self) -> bool:
        """Whether pictures are left out at the end, more than encoders round."""
        return self.cut_s > TOLD_S

    @property
    def held(self) -> bool:
        """Whether the last picture stands after the clip's own end, longer than encoders round."""
        return self.held_s > TOLD_S

    def described(self) -> list[str]:
        """Return one short phrase for each change, such as "scaled from 1280×720 to 512×288"."""
        return [*self._picture(), *self._time(), *self._sound()]

    def _picture(self) -> Iterator[str]:
        if self.scaled:
            yield (
                f"scaled from {self.source_width}×{self.source_height} "
                f"to {self.picture_width}×{self.picture_height}"
            )
        if self.padded:
            yield (
                f"padded with black bars to {self.picture_width + self.bars_x_px}×"
                f"{self.picture_height + self.bars_y_px}"
            )
        if self.deinterlaced:
            yield "deinterlaced"
        if self.gamut_converted:
            yield "converted from a wide gamut to BT.709"

    def _time(self) -> Iterator[str]:
        if self.retimed:
            yield f"changed from {self.source_fps:.5g} to {self.fps:.5g} frames a second"
        if self.cut:
            yield f"cut by {self.cut_s:.2f} s at the end"
        if self.held:
            yield f"too short: last picture held for {self.held_s:.2f} s"

    def _sound(self) -> Iterator[str]:
        if self.sound_cut_s > max(TOLD_S, self.cut_s + TOLD_S):
            yield f"{self.sound_cut_s:.2f} s of sound cut"
        if self.silence_s > TOLD_S:
            yield f"{self.silence_s:.2f} s of silence added"
        if self.mended_s:
            yield f"{1000 * self.mended_s:.3g} ms of damaged sound silenced"
        if self.muted:
            yield "sound left out"
        if self.unheard_tracks:
            yield f"{self.unheard_tracks} further sound tracks left out"
        if self.gain_missing_db:
            yield f"sound left {self.gain_missing_db:.1f} dB too quiet, as more gain would raise its noise"


def foresee(facts: Probe, profile: Profile, *, with_sound: bool, duration_s: float | None = None) -> Changes:
    """Compute what `normalise` would change about a clip, without doing it.

    Args:
        facts: the clip, by `probe`.
        profile: the form of the rendition; `Profile.following(facts)` changes as little as can be.
        with_sound: whether raters hear the clip.
        duration_s: length of the rendition; None keeps the clip's own.
    """
    length_s = profile.duration_of(facts.duration_s if duration_s is None else duration_s)
    width, height = profile.fit(facts.width, facts.height)
    heard = facts.sound if with_sound else None
    return Changes(
        source_width=facts.width,
        source_height=facts.height,
        picture_width=width,
        picture_height=height,
        bars_x_px=profile.width - width,
        bars_y_px=profile.height - height,
        source_fps=facts.fps,
        fps=float(profile.rate),
        source_duration_s=facts.duration_s,
        duration_s=length_s,
        cut_s=max(0.0, facts.duration_s - length_s),
        held_s=max(0.0, length_s - facts.duration_s),
        sound_cut_s=_sound_cut_s(heard, length_s) if heard else 0.0,
        silence_s=_silence_s(heard, length_s) if with_sound else 0.0,
        mended_s=heard.damaged_s if heard else 0.0,
        muted=facts.sound is not None and not with_sound,
        unheard_tracks=heard.others if heard else 0,
        deinterlaced=facts.is_interlaced,
        gamut_converted=facts.has_wide_gamut,
    )


def _sound_cut_s(sound: Sound, length_s: float) -> float:
    return max(0.0, -sound.start_s) + max(0.0, sound.end_s - length_s)


def _silence_s(sound: Sound | None, length_s: float) -> float:
    if sound is None:
        return length_s
    around_s = max(0.0, sound.start_s) + max(0.0, length_s - sound.end_s)
    return min(length_s, around_s + sound.gaps_s)
