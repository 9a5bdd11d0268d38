"""Match visible impacts to audible onsets: pair by pair, or by one delay for all.

A sound that is late by more than half the time between impacts is nearest to the wrong impact. So `pair`
suits small delays and counts each event once; `common_delay` finds a delay of unknown size that all share.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_FURTHEST_S = 0.4
"""Largest delay, either way, at which people take sound and picture for one event."""
_AGREE_S = 0.05
"""Delays that differ by less support each other."""


def pair(impacts_s: Floats, onsets_s: Floats, within_s: float) -> list[tuple[int, int]]:
    """Pair impacts (I,) with onsets (J,) one to one, nearest first.

    Args:
        impacts_s: Times of the impacts.
        onsets_s: Times of the onsets.
        within_s: Largest time between the two of a pair.

    Returns:
        Indices (impact, onset) of each pair.
    """
    apart = np.abs(_delays(impacts_s, onsets_s))
    pairs: list[tuple[int, int]] = []
    while apart.size and apart.min() <= within_s:
        i, j = np.unravel_index(int(apart.argmin()), apart.shape)
        pairs.append((int(i), int(j)))
        apart[i, :] = math.inf
        apart[:, j] = math.inf
    return pairs


def common_delay(impacts_s: Floats, onsets_s: Floats) -> float | None:
    """Return the delay of onsets (J,) behind impacts (I,) on which most pairs agree; None without pairs.

    Every pair within reach votes for its delay; the median of those that agree with the winner is returned.
    """
    delays = _delays(impacts_s, onsets_s).ravel()
    delays = delays[np.abs(delays) <= _FURTHEST_S]
    if not delays.size:
        return None
    support = (np.abs(delays[:, None] - delays[None, :]) < _AGREE_S).sum(axis=1)
    # Of equally supported delays take the smallest: people take close events for one.
    best = delays[np.lexsort((np.abs(delays), -support))[0]]
    return float(np.median(delays[np.abs(delays - best) < _AGREE_S]))


def _delays(impacts_s: Floats, onsets_s: Floats) -> Floats:
    """Return the delay of each onset behind each impact, (I, J)."""
    return np.asarray(onsets_s[None, :] - impacts_s[:, None])
