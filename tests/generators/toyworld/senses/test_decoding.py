from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from generators.encode import Clip, encode
from generators.toyworld.senses.decoding import SAMPLE_RATE, SIDE, load
from generators.toyworld.world.clip import SAMPLE_RATE as ENCODED_RATE
from generators.toyworld.world.palette import BACKGROUNDS
from tests.factories_generators import make_clip, reencode


def test_a_black_clip_is_refused(tmp_path: Path) -> None:
    encode(Clip([np.zeros((32, 32, 3), np.uint8)] * 3, 10.0, None), tmp_path / "black.mp4", 32, 32)
    with pytest.raises(ValueError, match="first frame must show the box; it is black"):
        load(tmp_path / "black.mp4")


def test_a_clip_without_video_is_refused(tmp_path: Path) -> None:
    encode(Clip([], 10.0, np.zeros((ENCODED_RATE, 2), np.float32)), tmp_path / "sound.mp4", 32, 32)
    with pytest.raises(ValueError, match=r"sound\.mp4 must have a video stream"):
        load(tmp_path / "sound.mp4")


def test_frames_are_the_box_alone(tmp_path: Path) -> None:
    clip = make_clip(tmp_path, width=192, height=128, fps=12.0, duration_s=0.5)
    padded = reencode(clip.path, tmp_path / "padded.mp4", "pad=320:256:64:100:black")
    for path in (clip.path, padded):
        frames = load(path).frames
        assert frames.shape == (6, SIDE, SIDE, 3)
        corners = frames[0][[2, 2, -3, -3], [2, -3, 2, -3]]
        assert np.abs(corners.astype(int) - BACKGROUNDS["grey"]).max() < 12


def test_times_are_those_of_the_frames(tmp_path: Path) -> None:
    footage = load(make_clip(tmp_path, fps=10.0).path)
    assert footage.times_s == pytest.approx(np.arange(10) / 10, abs=1e-3)


def test_sound_becomes_one_channel(tmp_path: Path) -> None:
    footage = load(make_clip(tmp_path).path)
    assert footage.samples is not None
    assert footage.samples.ndim == 1
    assert len(footage.samples) == pytest.approx(SAMPLE_RATE, rel=0.03)
    assert footage.sound_start_s == pytest.approx(0.0, abs=1e-3)


def test_a_silent_clip_has_no_samples(tmp_path: Path) -> None:
    footage = load(make_clip(tmp_path, track="t2v").path)
    assert footage.samples is None
    assert footage.mono.size == 0
