"""A test of headphones by ear: three tones, one of them quieter, one with its ears in opposite phase.

K. J. P. Woods, M. H. Siegel, J. Traer, J. H. McDermott, "Headphone screening to facilitate web-based auditory
experiments", Attention, Perception & Psychophysics 79 (2017). Over loudspeakers the tone in opposite phase
cancels out in the room and sounds the quietest; over headphones it does not.
"""

from __future__ import annotations

import io
import wave

import numpy as np
from numpy.typing import NDArray

RATE_HZ = 8000
TONE_HZ = 200.0
TONE_S, GAP_S, RAMP_S = 0.8, 0.3, 0.1
PEAK = 0.5
QUIETER_DB = 6.0


def tone_trial(quiet: int, opposite: int) -> bytes:
    """Return one trial as a stereo WAV file of 16 bits: three tones, 3 s.

    Args:
        quiet: position of the tone that is 6 dB quieter, 0 to 2; its ears are in phase.
        opposite: position of the tone whose right ear is in opposite phase, 0 to 2.

    Raises:
        ValueError: a position is not from 0 to 2, or both are the same.
    """
    if quiet == opposite or not {quiet, opposite} <= {0, 1, 2}:
        raise ValueError(f"quiet and opposite must be two of 0, 1 and 2; got {quiet} and {opposite}.")
    gap = np.zeros((round(GAP_S * RATE_HZ), 2))
    tone = _tone()
    heard = []
    for position in range(3):
        level = 10 ** (-QUIETER_DB / 20) if position == quiet else 1.0
        ears = np.array([1.0, -1.0 if position == opposite else 1.0])
        heard += [PEAK * level * tone[:, None] * ears, gap]
    return _wav(np.concatenate(heard[:-1]))


def _tone() -> NDArray[np.float64]:
    """Return a tone with raised-cosine ramps, shape (samples,), from -1 to 1."""
    time_s = np.arange(round(TONE_S * RATE_HZ)) / RATE_HZ
    edge_s = np.minimum(time_s, TONE_S - time_s)
    ramp = 0.5 - 0.5 * np.cos(np.pi * np.clip(edge_s / RAMP_S, 0, 1))
    return np.asarray(ramp * np.sin(2 * np.pi * TONE_HZ * time_s))


def _wav(samples: NDArray[np.float64]) -> bytes:
    """Encode samples of shape (samples, 2), from -1 to 1."""
    target = io.BytesIO()
    with wave.open(target, "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(np.round(samples * 32767).astype("<i2").tobytes())
    return target.getvalue()
