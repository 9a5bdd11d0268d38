"""Find when tones start, by peaks of the log-spectral flux, and how high and loud they are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage  # not scipy.signal, which takes a second to import

_WINDOW = 512
_HOP = 80
_QUIET = 1e-3
"""Share of the loudest spectral line below which energy counts as none."""
_STRENGTH = 0.2
"""Share of the strongest onset that another needs; the quietest audible impact reaches about a third."""
_APART_S = 0.05
_LEAD_S = 0.008
"""Time from a peak of the flux to its onset, as the window reaches ahead; measured on single tones."""

_SETTLED_S = 0.005
"""Time after which the click at a tone's onset is over."""
_LISTEN_S = 0.128
"""Long enough to tell whole tones apart at 262 Hz."""
_IN_TUNE = 0.03
"""Deviation from a pitch, as a share of it; the next is 0.12 away."""


def find_onsets(samples: NDArray[np.float32], sample_rate: int) -> NDArray[np.float64]:
    """Return the onset times of samples (N,), in seconds from the first sample, in order."""
    flux = _flux(samples)
    if not flux.size or flux.max() < 1.0:
        return np.zeros(0)
    around = 2 * round(_APART_S * sample_rate / _HOP) + 1
    is_tallest = flux == ndimage.maximum_filter1d(flux, around)
    peaks = np.flatnonzero(is_tallest & (flux >= _STRENGTH * flux.max()))
    peaks = peaks[peaks * _HOP + _WINDOW // 2 < len(samples)]  # a tone that the end cuts off clicks
    return np.asarray(peaks * _HOP / sample_rate + _LEAD_S)


def _flux(samples: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the rise of the log spectrum, summed over lines; entry i is centred on sample i · _HOP."""
    # windows (hop, _WINDOW), spectrum (hop, line); flux[i] = Σ max(level[i] − level[i − 1], 0).
    padded = np.pad(samples, (_WINDOW, _WINDOW))
    windows = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[_WINDOW // 2 :: _HOP]
    spectrum = np.abs(np.fft.rfft(windows * np.hanning(_WINDOW), axis=1))
    loudest = float(spectrum.max(initial=0.0))
    if loudest == 0.0:
        return np.zeros(0)
    level = np.log1p(spectrum / (_QUIET * loudest))
    rise = np.diff(level, axis=0, prepend=0.0)
    return np.asarray(np.maximum(rise, 0).sum(axis=1))


def find_pitches(
    samples: NDArray[np.float32], sample_rate: int, onsets_s: NDArray[np.float64], pitches_hz: Sequence[float]
) -> list[int]:
    """Return the index in `pitches_hz` of the strongest pitch in the eighth of a second after each onset.

    Args:
        samples: Sound, (N,).
        sample_rate: Hz.
        onsets_s: Onset times from the first sample, (J,).
        pitches_hz: Pitches to choose from.
    """
    starts = np.rint((np.maximum(onsets_s, 0.0) + _SETTLED_S) * sample_rate).astype(int)
    windows = _cut(samples, starts, round(_LISTEN_S * sample_rate))
    # spectrum (onset, line), padded so that peaks of neighbouring pitches are well sampled.
    length = windows.shape[1]
    count = 4 * length
    spectrum = np.abs(np.fft.rfft(windows * np.hanning(length), count, axis=1))
    lines = np.fft.rfftfreq(count, 1 / sample_rate)
    strength = [spectrum[:, np.abs(lines / pitch - 1) < _IN_TUNE].max(axis=1) for pitch in pitches_hz]
    return [int(place) for place in np.argmax(strength, axis=0)]


def find_levels(
    samples: NDArray[np.float32], sample_rate: int, onsets_s: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the root mean square just after each onset (J,), without the power of what rang before.

    Args:
        samples: Sound, (N,).
        sample_rate: Hz.
        onsets_s: Onset times from the first sample, (J,).
    """
    starts = np.rint(np.maximum(onsets_s, 0.0) * sample_rate).astype(int)
    count = round(_APART_S * sample_rate)
    after = _power(samples, starts, count)
    before = _power(samples, np.maximum(starts - count, -count), count)
    return np.asarray(np.sqrt(np.maximum(after - before, 0.0)))


def _power(samples: NDArray[np.float32], starts: NDArray[np.intp], count: int) -> NDArray[np.float64]:
    """Return the mean square of `count` samples from each start."""
    return np.asarray((_cut(samples, starts, count).astype(np.float64) ** 2).mean(axis=1))


def _cut(samples: NDArray[np.float32], starts: NDArray[np.intp], count: int) -> NDArray[np.float32]:
    """Cut stretches (start, count) out of the sound, which has silence before and after it."""
    padded = np.pad(samples, (count, count))
    first = np.clip(starts + count, 0, len(samples) + count)
    return np.asarray(padded[first[:, None] + np.arange(count)])
