from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from generators.encode import Clip, encode
from generators.toyworld.world.clip import SAMPLE_RATE
from generators.toyworld.world.drawing import draw_backdrop
from generators.toyworld.world.palette import BACKGROUNDS


def _clip(fps: float = 10.0, sound: bool = True) -> Clip:
    click = np.zeros((SAMPLE_RATE, 2), np.float32)
    click[SAMPLE_RATE // 2 :] = 0.5
    return Clip([draw_backdrop("navy", 64, 48)] * 10, fps, click if sound else None)


def test_the_same_clip_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a.mp4", "b.mp4"):
        encode(_clip(), tmp_path / name, 64, 48)
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


@pytest.mark.parametrize(("fps", "rate"), [(24, Fraction(24)), (30000 / 1001, Fraction(30000, 1001))])
def test_the_file_says_what_was_asked_for(tmp_path: Path, fps: float, rate: Fraction) -> None:
    encode(_clip(fps), tmp_path / "clip.mp4", 64, 48)
    with av.open(tmp_path / "clip.mp4") as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert (video.width, video.height, video.frames, video.average_rate) == (64, 48, 10, rate)
        assert (video.codec_context.name, video.pix_fmt) == ("h264", "yuv420p")
        assert (audio.codec_context.name, audio.rate, audio.channels) == ("aac", SAMPLE_RATE, 2)


def test_a_silent_clip_has_no_sound_track(tmp_path: Path) -> None:
    encode(_clip(sound=False), tmp_path / "clip.mp4", 64, 48)
    with av.open(tmp_path / "clip.mp4") as container:
        assert not container.streams.audio


def test_colours_survive(tmp_path: Path) -> None:
    encode(_clip(), tmp_path / "clip.mp4", 64, 48)
    with av.open(tmp_path / "clip.mp4") as container:
        frame = next(container.decode(video=0))
        pixels = frame.to_ndarray(format="rgb24")
        assert frame.colorspace == 1  # BT.709
    assert pixels[24, 32] == pytest.approx(BACKGROUNDS["navy"], abs=4)


def test_sound_starts_when_it_should(tmp_path: Path) -> None:
    encode(_clip(), tmp_path / "clip.mp4", 64, 48)
    with av.open(tmp_path / "clip.mp4") as container:
        sound = np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])
    loud = np.nonzero(np.abs(sound) > 0.25)[0][0]
    assert loud / SAMPLE_RATE == pytest.approx(0.5, abs=0.002)
