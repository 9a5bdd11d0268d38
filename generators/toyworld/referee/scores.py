"""Summarise the verdicts of many clips as scores with 95 % intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from generators.toyworld.referee.synchrony import Sync
from generators.toyworld.referee.verdict import Verdict, judge
from generators.toyworld.senses.footage import Footage

_Z = 1.96
_SHARES = (
    "background",
    "count",
    "colour",
    "shape",
    "size",
    "direction",
    "speed",
    "motion",
    "coherent",
    "pitch",
    "teleports",
    "held",
)
"""Fields of a verdict that are shares of clips, or of a clip's frames or steps."""


@dataclass(frozen=True)
class Score:
    """One measure over many clips."""

    value: float
    low: float
    """Lower end of the 95 % interval; NaN, like `high`, where none is known."""
    high: float
    """Upper end of the 95 % interval."""
    count: int
    """Number of clips, pairs or events that the measure rests on."""

    def __str__(self) -> str:
        if math.isnan(self.low):
            return f"{self.value:.3g}"
        return f"{self.value:.2f} [{self.low:.2f}, {self.high:.2f}]"


def wilson(value: float, count: float) -> Score:
    """Return a share of `count` trials with its score interval (Wilson 1927); NaN without trials."""
    if not count:
        return Score(math.nan, math.nan, math.nan, 0)
    middle = (value + _Z**2 / (2 * count)) / (1 + _Z**2 / count)
    half = _Z / (1 + _Z**2 / count) * math.sqrt(value * (1 - value) / count + _Z**2 / (4 * count**2))
    return Score(value, max(middle - half, 0.0), min(middle + half, 1.0), round(count))


def summarise(verdicts: Sequence[Verdict]) -> dict[str, Score]:
    """Return all scores of a contender by name, without those that no clip has a value for.

    Intervals of shares of frames or steps (coherent, teleports, held) count each clip as one trial, which is
    wider than need be. F1 counts half of all impacts and onsets as its trials: with equally many of both it
    is the share that is matched.
    """
    found = {name: _share([getattr(verdict, name) for verdict in verdicts]) for name in _SHARES}
    found |= _sound([verdict.sync for verdict in verdicts if verdict.sync is not None])
    fidelity = [verdict.first_frame_db for verdict in verdicts if verdict.first_frame_db is not None]
    found["first frame dB"] = _plain(np.median(fidelity) if fidelity else math.nan, len(fidelity))
    return {name: score for name, score in found.items() if not math.isnan(score.value)}


def score_clips(
    clips: Sequence[Footage],
    captions: Sequence[str],
    first_frames: Sequence[NDArray[np.uint8]] | None = None,
) -> dict[str, Score]:
    """Judge clips and return their scores, with synchrony's level by chance.

    That level is the F1 of the same pictures, each with the sound of the next clip that has a sound track.

    Args:
        clips: Decoded clips, at least one.
        captions: Prompt of each clip.
        first_frames: Reference image of each clip, (side, side, 3), if they were given.

    Raises:
        InvalidInput: A caption is not of the toy world.
    """
    images = [None] * len(clips) if first_frames is None else first_frames
    verdicts = [judge(*each) for each in zip(clips, captions, images, strict=True)]
    scores = summarise(verdicts)
    if chance := _swapped_syncs(clips, captions):
        scores["sync F1 by chance"] = f1(chance)
    return scores


def _swapped_syncs(clips: Sequence[Footage], captions: Sequence[str]) -> list[Sync]:
    """Judge each sounding clip's synchrony with the next one's sound; return nothing for fewer than two."""
    sounding = [(clip, text) for clip, text in zip(clips, captions, strict=True) if clip.samples is not None]
    if len(sounding) < 2:
        return []
    donors = [clip for clip, _ in [*sounding[1:], sounding[0]]]
    swapped = [
        replace(
            clip,
            samples=donor.samples,
            sample_rate=donor.sample_rate,
            sound_start_s=donor.sound_start_s,
        )
        for (clip, _), donor in zip(sounding, donors, strict=True)
    ]
    verdicts = [judge(clip, text) for clip, (_, text) in zip(swapped, sounding, strict=True)]
    return [verdict.sync for verdict in verdicts if verdict.sync is not None]


def f1(syncs: Sequence[Sync]) -> Score:
    """Return the F1 of all clips: the harmonic mean of the shares of impacts heard and of sounds seen."""
    events = sum(sync.seen + sync.heard for sync in syncs) / 2
    matched = sum(len(sync.pairs) for sync in syncs)
    return wilson(matched / events if events else 0.0, events)


def _sound(syncs: Sequence[Sync]) -> dict[str, Score]:
    if not syncs:
        return {}
    pairs = [pair for sync in syncs for pair in sync.pairs]
    offsets = [1000 * pair.offset_s for pair in pairs]
    return {
        "sync F1": f1(syncs),
        "mean offset ms": _plain(np.mean(offsets) if offsets else math.nan, len(pairs)),
        "median |offset| ms": _plain(np.median(np.abs(offsets)) if offsets else math.nan, len(pairs)),
        "loudness": _rank_correlation([(pair.speed, pair.level) for pair in pairs]),
    }


def _share(values: Sequence[float | None]) -> Score:
    known = [float(value) for value in values if value is not None]
    return wilson(float(np.mean(known)) if known else math.nan, len(known))


def _plain(value: float | np.floating, count: int) -> Score:
    return Score(float(value), math.nan, math.nan, count)


def _rank_correlation(pairs: Sequence[tuple[float, float]]) -> Score:
    """Return Spearman's rank correlation, with the interval of Fisher's transformation."""
    if len(pairs) < 5:
        return _plain(math.nan, len(pairs))
    # ranks (pair, 2); the interval is tanh(atanh(ρ) ± z / √(n − 3)).
    ranks = np.argsort(np.argsort(np.array(pairs), axis=0), axis=0)
    value = float(np.asarray(np.corrcoef(ranks.T))[0, 1])
    middle = math.atanh(max(min(value, 1 - 1e-9), 1e-9 - 1))
    half = _Z / math.sqrt(len(pairs) - 3)
    return Score(value, math.tanh(middle - half), math.tanh(middle + half), len(pairs))
