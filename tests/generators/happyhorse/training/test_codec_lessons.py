from __future__ import annotations

import pytest
import torch

from generators.happyhorse.codecs.object_video import ObjectVideoCodec
from generators.happyhorse.codecs.spectral_audio import spectra
from generators.happyhorse.training import codec_lessons
from generators.happyhorse.training.codec_lessons import AudioLesson, VideoLesson, psnr
from generators.toyworld.world.examples import example

FRAMES = torch.rand(2, 3, 5, 64, 64, generator=torch.Generator().manual_seed(0)) * 2 - 1


@pytest.fixture(autouse=True)
def _few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codec_lessons, "_HELD_OUT", 2)


def test_a_piece_is_four_successive_frames_of_a_clip() -> None:
    (drawn,) = VideoLesson().data("held-out", range(3))

    assert drawn.shape == (3, 3, 4, 64, 64)
    true = torch.from_numpy(example("held-out", 3, 1).frames[5:9]).movedim(-1, 0).float() / 127.5 - 1
    torch.testing.assert_close(drawn[1], true)


def test_a_sound_is_that_of_a_whole_clip() -> None:
    first, rest = AudioLesson().data("held-out", range(26))

    assert (first.shape, rest.shape) == ((24, 33, 1024), (2, 33, 1024))
    samples = torch.from_numpy(example("held-out", 3, 25).samples)
    torch.testing.assert_close(rest[1], spectra(samples[None])[0])


def test_fresh_codecs_are_the_same_every_time() -> None:
    for lesson in (VideoLesson, AudioLesson):
        one, other = (lesson().codec.parameters() for _ in range(2))
        assert all(a.equal(b) for a, b in zip(one, other, strict=True))


def test_the_psnr_is_that_of_pixels_from_minus_1_to_1(monkeypatch: pytest.MonkeyPatch) -> None:
    """An error of 0.2 everywhere is a tenth of the range: 20 dB."""
    codec = ObjectVideoCodec()
    monkeypatch.setattr(codec, "encode", lambda frames: frames)
    monkeypatch.setattr(codec, "decode", lambda latents: latents + 0.2)

    assert psnr(codec, FRAMES) == pytest.approx(20.0, abs=1e-4)


def test_reports_name_their_unit(monkeypatch: pytest.MonkeyPatch) -> None:
    video, audio = VideoLesson(), AudioLesson()
    monkeypatch.setattr(video.codec, "encode", lambda frames: frames)
    monkeypatch.setattr(video.codec, "decode", lambda latents: latents + 0.2)
    monkeypatch.setattr(audio.codec, "encode", lambda samples, rate: samples)
    monkeypatch.setattr(audio.codec, "decode", lambda latents: latents)

    assert video.report() == "20.0 dB"
    assert audio.report() == "0.00000, squared error of log spectra"
