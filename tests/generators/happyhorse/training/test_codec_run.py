from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Generator

from generators.happyhorse.codecs.object_audio import ObjectAudioCodec
from generators.happyhorse.codecs.object_video import ObjectVideoCodec
from generators.happyhorse.codecs.spectral_audio import SAMPLE_RATE
from generators.happyhorse.training import codec_run
from generators.happyhorse.training.codec_lessons import AudioLesson, Lesson, VideoLesson
from generators.happyhorse.training.codec_run import CodecRun
from generators.toyworld.world.examples import example

FRAMES = torch.rand(2, 3, 5, 64, 64, generator=torch.Generator().manual_seed(0)) * 2 - 1
LESSONS = pytest.mark.parametrize("lesson", [VideoLesson, AudioLesson])


@pytest.fixture(autouse=True)
def _few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codec_run, "_CALIBRATION", 48)


@LESSONS
def test_a_stopped_run_equals_an_unbroken_one_to_the_bit(
    tmp_path: Path, lesson: Callable[[], Lesson]
) -> None:
    run = CodecRun(tmp_path, 10, lesson())
    run.advance()
    run.save()
    resumed = CodecRun(tmp_path, 10, lesson())
    assert resumed.steps == 1
    for each in (run, resumed):
        each.advance()

    assert run.steps == resumed.steps == 2
    weights = (each.lesson.codec.parameters() for each in (run, resumed))
    for one, other in zip(*weights, strict=True):
        assert one.equal(other)


@LESSONS
def test_steps_lower_the_error(tmp_path: Path, lesson: Callable[[], Lesson]) -> None:
    taught = lesson()
    run = CodecRun(tmp_path, 12, taught)
    batch = next(taught.data("held-out", range(24)))
    _, before = taught.error(batch, Generator().manual_seed(0))

    for _ in range(12):
        run.advance()

    _, after = taught.error(batch, Generator().manual_seed(0))
    assert float(after.detach()) < float(before.detach())


@LESSONS
def test_state_and_codec_are_written_under_the_lessons_name(
    tmp_path: Path, lesson: Callable[[], Lesson]
) -> None:
    taught = lesson()

    CodecRun(tmp_path, 1, taught).save()

    codec = tmp_path / taught.file
    assert sorted(tmp_path.iterdir()) == sorted([codec, codec.with_suffix(".pt")])


def test_a_written_video_codec_has_measured_numbers(tmp_path: Path) -> None:
    lesson = VideoLesson()
    CodecRun(tmp_path, 1, lesson).save()

    codec = ObjectVideoCodec.load(tmp_path / lesson.file)

    assert not codec.mean.equal(torch.zeros(24))
    torch.testing.assert_close(codec.encode(FRAMES), lesson.codec.encode(FRAMES), rtol=0.1, atol=0.1)


def test_a_written_audio_codec_has_measured_numbers(tmp_path: Path) -> None:
    lesson = AudioLesson()
    CodecRun(tmp_path, 1, lesson).save()

    codec = ObjectAudioCodec.load(tmp_path / lesson.file)

    assert not codec.mean.equal(torch.zeros(16))
    sound = torch.from_numpy(example("train", 1, 0).samples).expand(1, 2, -1)
    one, other = (each.encode(sound, SAMPLE_RATE) for each in (codec, lesson.codec))
    torch.testing.assert_close(one, other, rtol=0.1, atol=0.1)
