"""Sums verdicts up into scores with intervals, and prints them as a table."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from generators.toyworld.referee.verdict import Sync, Verdict

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
)


@dataclass(frozen=True)
class Score:
    """One figure over many clips."""

    value: float
    low: float
    """With `high`, the 95 % interval; both NaN where none is known."""
    high: float
    count: int
    """What the interval rests on: clips, pairs or events."""

    def __str__(self) -> str:
        if math.isnan(self.low):
            return f"{self.value:.3g}"
        return f"{self.value:.2f} [{self.low:.2f}, {self.high:.2f}]"


def wilson(value: float, count: float) -> Score:
    """A share of `count` trials with Wilson's score interval (1927)."""
    if not count:
        return Score(math.nan, math.nan, math.nan, 0)
    middle = (value + _Z**2 / (2 * count)) / (1 + _Z**2 / count)
    half = _Z / (1 + _Z**2 / count) * math.sqrt(value * (1 - value) / count + _Z**2 / (4 * count**2))
    return Score(value, max(middle - half, 0.0), min(middle + half, 1.0), round(count))


def summarise(verdicts: Sequence[Verdict]) -> dict[str, Score]:
    """All scores of a contender, by name; those that nothing can be said about are left out.

    Shares of frames or steps (coherent, teleports, held) have intervals as if each clip were one trial, which
    is wider than theirs. F1 rests on half of all impacts and onsets: with as many of both it is the share
    that is matched.
    """
    found = {name: _share([getattr(verdict, name) for verdict in verdicts]) for name in _SHARES}
    found |= {
        name: _share([getattr(verdict, name) for verdict in verdicts]) for name in ("teleports", "held")
    }
    syncs = [verdict.sync for verdict in verdicts if verdict.sync is not None]
    found |= _sound(syncs)
    fidelity = [verdict.first_frame_db for verdict in verdicts if verdict.first_frame_db is not None]
    found["first frame dB"] = _plain(np.median(fidelity) if fidelity else math.nan, len(fidelity))
    return {name: score for name, score in found.items() if not math.isnan(score.value)}


def f1(syncs: Sequence[Sync]) -> Score:
    """Harmonic mean of the shares of impacts that are heard and of sounds that are seen, over all clips."""
    events = sum(sync.seen + sync.heard for sync in syncs) / 2
    matched = sum(len(sync.pairs) for sync in syncs)
    return wilson(matched / events if events else 0.0, events)


def render_table(contenders: Mapping[str, Mapping[str, Score]], show: Callable[[Score], str] = str) -> str:
    """One row for each score, one column for each contender, as plain text."""
    names = list(dict.fromkeys(name for scores in contenders.values() for name in scores))
    rows = [["", *contenders]]
    rows += [[name, *(show(s[name]) if name in s else "–" for s in contenders.values())] for name in names]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


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
    """Spearman's, with the interval of Fisher's transformation."""
    if len(pairs) < 5:
        return _plain(math.nan, len(pairs))
    ranks = np.argsort(np.argsort(np.array(pairs), axis=0), axis=0)
    value = float(np.asarray(np.corrcoef(ranks.T))[0, 1])
    middle, half = math.atanh(max(min(value, 1 - 1e-9), 1e-9 - 1)), _Z / math.sqrt(len(pairs) - 3)
    return Score(value, math.tanh(middle - half), math.tanh(middle + half), len(pairs))
