"""When something starts to sound: peaks of the log-spectral flux."""

from __future__ import annotations

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
"""A flux peak comes this much before the onset, as the window reaches ahead; measured on single tones."""


def find_onsets(samples: NDArray[np.float32], sample_rate: int) -> NDArray[np.float64]:
    """Onset times in seconds from the first sample, in order."""
    flux = _flux(samples)
    if not flux.size or flux.max() < 1.0:
        return np.zeros(0)
    around = 2 * round(_APART_S * sample_rate / _HOP) + 1
    tallest = flux == ndimage.maximum_filter1d(flux, around)
    peaks = np.flatnonzero(tallest & (flux >= _STRENGTH * flux.max()))
    peaks = peaks[peaks * _HOP + _WINDOW // 2 < len(samples)]  # a tone that the end cuts off clicks
    return np.asarray(peaks * _HOP / sample_rate + _LEAD_S)


def _flux(samples: NDArray[np.float32]) -> NDArray[np.float64]:
    """Rise of the log spectrum, summed over lines; entry i is centred on sample i * _HOP."""
    padded = np.pad(samples, (_WINDOW, _WINDOW))
    windows = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[_WINDOW // 2 :: _HOP]
    spectrum = np.abs(np.fft.rfft(windows * np.hanning(_WINDOW), axis=1))
    loudest = float(spectrum.max(initial=0.0))
    if loudest == 0.0:
        return np.zeros(0)
    level = np.log1p(spectrum / (_QUIET * loudest))
    return np.asarray(np.maximum(np.diff(level, axis=0, prepend=0.0), 0).sum(axis=1))
