from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from generators.happyhorse.codecs import linear_video, spectral_audio
from generators.happyhorse.codecs.linear_video import LinearVideoCodec
from generators.happyhorse.codecs.spectral_audio import SpectralAudioCodec
from generators.happyhorse.training.data import as_bytes
from generators.happyhorse.training.fitting import CodecSizes, fit_codecs, save_codecs, training_batches
from generators.toyworld.world.examples import FRAMES, SAMPLES, SIDE, example


def test_every_third_batch_has_two_objects() -> None:
    batches = [frames for frames, _ in training_batches(60)]

    assert [len(frames) for frames in batches] == [20, 20, 20]
    for number, objects in enumerate((1, 1, 2)):
        first = example("train", 1, 20 * number, objects)
        assert (as_bytes(batches[number][:1])[0] == first.frames).all()


def test_a_batch_holds_frames_and_samples_of_the_same_clips() -> None:
    ((frames, samples),) = training_batches(20)

    assert frames.shape == (20, 3, FRAMES, SIDE, SIDE)
    assert samples.shape == (20, 2, SAMPLES)


@pytest.mark.slow
def test_codecs_have_the_widths_asked_for_and_come_back_from_their_files(tmp_path: Path) -> None:
    video, audio = fit_codecs(CodecSizes(clips=20, video_width=8, audio_width=4))
    save_codecs(tmp_path, video, audio)

    names = ["toy-world-audio-4.safetensors", "toy-world-video-8.safetensors"]
    assert sorted(file.name for file in tmp_path.iterdir()) == names
    assert LinearVideoCodec.load(tmp_path / names[1]).latent_channels == 2
    assert SpectralAudioCodec.load(tmp_path / names[0]).latent_channels == 4


def test_shipped_widths_give_the_shipped_names(tmp_path: Path) -> None:
    video, audio = (
        LinearVideoCodec.load(linear_video.TOY_WORLD),
        SpectralAudioCodec.load(spectral_audio.TOY_WORLD),
    )

    save_codecs(tmp_path, video, audio)

    shipped = {linear_video.TOY_WORLD.name, spectral_audio.TOY_WORLD.name}
    assert {file.name for file in tmp_path.iterdir()} == shipped
    assert (CodecSizes().video_width, CodecSizes().audio_width) == (video.basis.width, audio.basis.width)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"clips": 0}, "clips must be a whole number from 1"),
        ({"clips": -20}, "clips must be a whole number from 1"),
        ({"clips": 30}, "clips must be a multiple of 20; got 30."),
        ({"video_width": 0}, "video-width must be a whole number from 1 to 3072; got 0."),
        ({"video_width": 3076}, "video-width must be a whole number from 1 to 3072; got 3076."),
        ({"video_width": 10}, "video-width must be a multiple of 4; got 10."),
        ({"audio_width": 0}, "audio-width must be a whole number from 1 to 1024; got 0."),
        ({"audio_width": 1025}, "audio-width must be a whole number from 1 to 1024; got 1025."),
    ],
)
def test_sizes_out_of_range_are_refused(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        CodecSizes(**wrong)
