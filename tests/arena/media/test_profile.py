from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from arena.media.profile import Profile

WIDE = Profile("wide", 640, 360, 24)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"width": 641}, "width must be even and from 16 to 4096 pixels; got 641."),
        ({"height": 8}, "height must be even and from 16 to 4096 pixels; got 8."),
        ({"fps": 0}, "fps must be from 1 to 120 frames in a second; got 0."),
        ({"crf": 52}, "crf must be from 0 to 51; got 52."),
        (
            {"preset": "swift"},
            "preset must be one of ultrafast, superfast, veryfast, faster, fast, medium, slow; got 'swift'.",
        ),
        ({"loudness_lufs": 0.0}, "loudness_lufs must be from -40 to -10; got 0.0."),
        ({"true_peak_dbtp": 1.0}, "true_peak_dbtp must be from -9 to 0; got 1.0."),
        ({"sample_rate": 22_050}, "sample_rate must be 44100 or 48000; got 22050."),
        ({"audio_bitrate": 192}, "audio_bitrate must be from 64000 to 320000; got 192."),
    ],
)
def test_nonsense_is_refused(change: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(reason)}"):
        replace(WIDE, **change)


@pytest.mark.parametrize(
    ("source", "fitted"),
    [
        ((640, 360), (640, 360)),
        ((1920, 1080), (640, 360)),
        ((512, 512), (360, 360)),
        ((1080, 1920), (202, 360)),
        ((321, 181), (638, 360)),
        ((4000, 16), (640, 2)),
    ],
)
def test_pictures_fit_whole_into_the_frame(source: tuple[int, int], fitted: tuple[int, int]) -> None:
    assert WIDE.fit(*source) == fitted


def test_durations_are_whole_frames_and_as_many_samples() -> None:
    assert WIDE.frames_in(2.03) == 49
    assert WIDE.frames_in(0.001) == 1
    assert WIDE.samples_in(49) == 98_000


@pytest.mark.parametrize(
    ("fps", "rate"),
    [
        (24, Fraction(24)),
        (23.976, Fraction(24_000, 1001)),
        (24_000 / 1001, Fraction(24_000, 1001)),
        (29.97, Fraction(30_000, 1001)),
        (59.94, Fraction(60_000, 1001)),
        (12.5, Fraction(25, 2)),
        (23.71, Fraction(2371, 100)),
    ],
)
def test_frame_rates_are_exact(fps: float, rate: Fraction) -> None:
    assert replace(WIDE, fps=fps).rate == rate


def test_a_rate_of_television_keeps_pictures_and_sound_of_one_length() -> None:
    film = replace(WIDE, fps=23.976)

    assert film.frames_in(5.005) == 120
    assert film.duration_of(5.0) == pytest.approx(5.005)
    assert film.samples_in(120) == 240_240
