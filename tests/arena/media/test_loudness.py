from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
from scipy.signal import resample_poly

from arena.media.graph import SoundSource
from arena.media.loudness import level_sound, measure
from arena.media.profile import Profile
from tests.factories_media import Sound, drumming, hot_noise, quiet, tone, write_clip

PROFILE = Profile("square", 64, 64, 24)
LOUDNESS_LUFS = -23.0
FRAMES = 72


def clip(folder: Path, sound: Sound) -> SoundSource:
    return SoundSource(
        write_clip(folder / "clip.mp4", width=64, height=64, seconds=3.0, sound=sound), track=1
    )


def test_the_meter_reads_a_known_level(tmp_path: Path) -> None:
    source = write_clip(
        tmp_path / "clip.mov", seconds=3.0, sound=tone(3.0, level=0.25), codecs=("libx264", "pcm_s16le")
    )
    heard = measure(SoundSource(source, track=1), PROFILE, FRAMES)

    # Mono goes to both channels 3 dB down. BS.1770: -0.69 + 10 lg of the mean squares' sum; at 440 Hz the
    # weighting is all but flat.
    assert heard.true_peak_dbtp == pytest.approx(20 * math.log10(0.25 / math.sqrt(2)), abs=0.1)
    assert heard.integrated_lufs == pytest.approx(-0.69 + 20 * math.log10(0.25 / math.sqrt(2)), abs=0.1)


def true_peak_dbtp(path: Path) -> float:
    """BS.1770, annex 2, without ffmpeg: the highest sample at four times the rate."""
    with av.open(path) as container:
        samples = np.concatenate([frame.to_ndarray() for frame in container.decode(audio=0)], axis=1)
    return float(20 * np.log10(np.abs(resample_poly(samples, 4, 1, axis=1)).max()))


@pytest.mark.parametrize(
    "sound",
    [tone(3.0), tone(3.0, level=0.01), tone(1.0, level=0.5), hot_noise(3.0), drumming(3.0)],
    ids=["ordinary", "quiet", "mostly silent", "hot", "drums"],
)
def test_every_sound_comes_to_the_profiles_loudness_under_its_peak(tmp_path: Path, sound: Sound) -> None:
    target = tmp_path / "sound.mp4"
    levelled = level_sound(clip(tmp_path, sound), target, PROFILE, FRAMES)

    assert levelled.heard == measure(SoundSource(target), PROFILE, FRAMES)
    assert levelled.heard.integrated_lufs == pytest.approx(LOUDNESS_LUFS, abs=0.5)
    assert levelled.heard.true_peak_dbtp <= PROFILE.true_peak_dbtp
    assert true_peak_dbtp(target) == pytest.approx(levelled.heard.true_peak_dbtp, abs=0.3)


def test_peaks_come_before_loudness_where_both_can_not_be_had(tmp_path: Path) -> None:
    clicks = quiet(3.0)
    clicks[::22_050] = 1.0
    levelled = level_sound(clip(tmp_path, clicks), tmp_path / "sound.mp4", PROFILE, FRAMES)

    assert levelled.heard.true_peak_dbtp <= PROFILE.true_peak_dbtp
    assert levelled.heard.integrated_lufs < LOUDNESS_LUFS - 0.5


def test_faint_sound_gets_the_highest_gain_and_stays_too_quiet(tmp_path: Path) -> None:
    faint = hot_noise(3.0) * np.float32(10 ** (-65 / 20))
    levelled = level_sound(clip(tmp_path, faint), tmp_path / "sound.mp4", PROFILE, FRAMES)
    wanted_db = levelled.gain_db + levelled.missing_db

    assert levelled.gain_db == PROFILE.max_gain_db
    assert wanted_db > 40
    assert levelled.heard.integrated_lufs == pytest.approx(LOUDNESS_LUFS - levelled.missing_db, abs=0.5)


def test_sound_stays_as_loud_as_it_is_where_no_loudness_is_wanted(tmp_path: Path) -> None:
    native = replace(PROFILE, loudness_lufs=None)
    source = clip(tmp_path, hot_noise(3.0) * np.float32(0.1))
    levelled = level_sound(source, tmp_path / "sound.mp4", native, FRAMES)
    assert (levelled.gain_db, levelled.missing_db) == (0.0, 0.0)
    before = measure(source, native, FRAMES)
    assert levelled.heard.integrated_lufs == pytest.approx(before.integrated_lufs, abs=0.5)


def test_silence_stays_silent(tmp_path: Path) -> None:
    levelled = level_sound(clip(tmp_path, quiet(3.0)), tmp_path / "sound.mp4", PROFILE, FRAMES)

    assert levelled.gain_db == 0.0
    assert levelled.heard == (-math.inf, -math.inf)
