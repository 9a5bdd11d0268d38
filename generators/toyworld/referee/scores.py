"""Summarise the verdicts of many clips as scores with 95 % intervals."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from generators.toyworld.referee.synchrony import Sync, hear_onsets, judge_synchrony
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


class PromptedClip(NamedTuple):
    """A clip and what it was made for."""

    clip: Footage
    caption: str
    first_frame: NDArray[np.uint8] | None = None
    """Reference image (side, side, 3); None if none was given."""


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
    # (p + z²/2n ± z √(p(1 − p)/n + z²/4n²)) / (1 + z²/n).
    whole = 1 + _Z**2 / count
    middle = (value + _Z**2 / (2 * count)) / whole
    variance = value * (1 - value) / count + _Z**2 / (4 * count**2)
    half = _Z / whole * math.sqrt(variance)
    # At 0 and 1 one end is the share itself, which rounding would miss.
    return Score(
        value, min(max(middle - half, 0.0), value), max(min(middle + half, 1.0), value), round(count)
    )


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


def score_clips(prompted: Iterable[PromptedClip]) -> dict[str, Score]:
    """Judge clips one by one and return their scores, with synchrony's level by chance.

    That level is the F1 of the same pictures, each with the sound of the next clip that has a sound track.

    Raises:
        InvalidInput: A caption is not of the toy world.
    """
    verdicts: list[Verdict] = []
    chance = _Chance()
    for clip, caption, first_frame in prompted:
        verdict = judge(clip, caption, first_frame)
        verdicts.append(verdict)
        chance.add(clip, verdict)
    scores = summarise(verdicts)
    if syncs := chance.syncs():
        scores["sync F1 by chance"] = f1(syncs)
    return scores


class _Chance:
    """Synchrony of each clip's picture with the next clip's sound, and of the last with the first's."""

    def __init__(self) -> None:
        self._first: Footage | None = None
        self._last: tuple[Footage, Verdict] | None = None
        self._syncs: list[Sync] = []

    def add(self, clip: Footage, verdict: Verdict) -> None:
        """Take in the next clip. One without a sound track is passed over."""
        if clip.samples is None:
            return
        if self._last is None:
            self._first = clip
        else:
            self._syncs.append(_swapped(*self._last, clip))
        self._last = clip, verdict

    def syncs(self) -> list[Sync]:
        """Return the synchrony of each clip; none if fewer than two have a sound track."""
        if not self._syncs or self._last is None or self._first is None:
            return []
        return [*self._syncs, _swapped(*self._last, self._first)]


def _swapped(clip: Footage, verdict: Verdict, donor: Footage) -> Sync:
    """Match a clip's visible impacts to another clip's sound."""
    mixed = replace(
        clip, samples=donor.samples, sample_rate=donor.sample_rate, sound_start_s=donor.sound_start_s
    )
    return judge_synchrony(mixed, hear_onsets(mixed), verdict.impacts)


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
