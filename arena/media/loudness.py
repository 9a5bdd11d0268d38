"""Measure loudness by ITU-R BS.1770, and find the fixed gain that brings a clip to a profile's."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import NamedTuple

from arena.media.graph import Level, SoundSource, encode_sound, loudness_report
from arena.media.profile import Profile

TOLERANCE_DB = 0.1
CORRECTIONS = 5
SILENCE_LUFS = -70.0
"""Loudness recorded for silence: the absolute gate of EBU R 128, below which a meter reads nothing."""
MAKEUP_DB = 3.0  # most gain given back for the limiter's loss; more would squash the mix


class Loudness(NamedTuple):
    """Reading of a meter over a whole clip; minus infinity for silence."""

    integrated_lufs: float
    true_peak_dbtp: float


class Levelled(NamedTuple):
    """Gain that was applied, and the loudness that it led to."""

    gain_db: float
    heard: Loudness
    missing_db: float
    """Gain in dB that the profile's loudness would need beyond its `max_gain_db`."""
    level: Level
    """Change of the sound that led to it."""


def recorded_loudness(integrated_lufs: float | None) -> float:
    """Return an integrated loudness as a finite number in LUFS; silence has that of the meter's gate."""
    if integrated_lufs is None or not math.isfinite(integrated_lufs):
        return SILENCE_LUFS
    return max(integrated_lufs, SILENCE_LUFS)


def measure(source: SoundSource, profile: Profile, frames: int) -> Loudness:
    """Measure the sound that raters would hear: stereo, and cut to `frames` frames."""
    report = loudness_report(source, profile, frames)
    reading = json.loads(report[report.rindex("{") : report.rindex("}") + 1])
    return Loudness(float(reading["input_i"]), float(reading["input_tp"]))


def level_sound(source: SoundSource, target: Path, profile: Profile, frames: int) -> Levelled:
    """Encode a clip's sound at the profile's loudness, with its peaks below the profile's.

    A limiter lowers loudness, and AAC loses treble and overshoots peaks; so the encoded sound is measured and
    the level corrected. A clip of rare loud clicks stays too quiet, as peaks come before loudness. Faint
    sound does as well, as no gain exceeds the profile's `max_gain_db`.
    """
    wanted_db = _wanted_db(measure(source, profile, frames), profile)
    level = Level(min(wanted_db, profile.max_gain_db), profile.true_peak_dbtp)
    most_gain_db = min(wanted_db + MAKEUP_DB, profile.max_gain_db)
    heard = _encode(source, target, profile, frames, level)
    for _ in range(CORRECTIONS):
        gain_db = min(level.gain_db + _missing_db(heard, profile), most_gain_db)
        better = Level(gain_db, level.ceiling_dbtp - _excess_db(heard, profile))
        if better == level:
            break
        level, heard = better, _encode(source, target, profile, frames, better)
    return Levelled(level.gain_db, heard, max(0.0, wanted_db - profile.max_gain_db), level)


def _encode(source: SoundSource, target: Path, profile: Profile, frames: int, level: Level) -> Loudness:
    encode_sound(source, target, profile, frames, level)
    return measure(SoundSource(target), profile, frames)


def _wanted_db(unheard: Loudness, profile: Profile) -> float:
    if profile.loudness_lufs is None or math.isinf(unheard.integrated_lufs):
        return 0.0  # in silence, nothing is above the meter's gate: no gain helps
    return profile.loudness_lufs - unheard.integrated_lufs


def _missing_db(heard: Loudness, profile: Profile) -> float:
    if profile.loudness_lufs is None:
        return 0.0
    missing_db = profile.loudness_lufs - heard.integrated_lufs
    return missing_db if TOLERANCE_DB < abs(missing_db) < math.inf else 0.0


def _excess_db(heard: Loudness, profile: Profile) -> float:
    excess_db = heard.true_peak_dbtp - profile.true_peak_dbtp
    return excess_db + TOLERANCE_DB if excess_db > 0 else 0.0
