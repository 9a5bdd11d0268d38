from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch

from generators.happyhorse.codecs.object_video import TOY_WORLD, ObjectVideoCodec
from generators.happyhorse.training import codec_run
from generators.happyhorse.training.codec_run import CodecRun, pieces, psnr, training_pieces
from generators.toyworld.world.examples import example

FRAMES = torch.rand(2, 3, 5, 64, 64, generator=torch.Generator().manual_seed(0)) * 2 - 1


@pytest.fixture(autouse=True)
def _few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codec_run, "_CALIBRATION", 48)


def test_a_stopped_run_equals_an_unbroken_one_to_the_bit(tmp_path: Path) -> None:
    run = CodecRun(tmp_path, steps=10)
    run.advance(training_pieces(0))
    run.save()
    resumed = CodecRun(tmp_path, steps=10)
    assert resumed.steps == 1
    for each in (run, resumed):
        each.advance(training_pieces(1))

    assert run.steps == resumed.steps == 2
    for one, other in zip(run.codec.parameters(), resumed.codec.parameters(), strict=True):
        assert one.equal(other)


def test_steps_make_the_picture_better(tmp_path: Path) -> None:
    run = CodecRun(tmp_path, steps=12)

    errors = [run.advance(training_pieces(0)) for _ in range(12)]

    assert errors[-1] < errors[0]


def test_the_codec_is_written_under_its_shipped_name(tmp_path: Path) -> None:
    run = CodecRun(tmp_path, steps=1)
    run.save()

    codec = ObjectVideoCodec.load(tmp_path / TOY_WORLD.name)

    torch.testing.assert_close(codec.encode(FRAMES), run.codec.encode(FRAMES), rtol=0.1, atol=0.1)


def test_a_piece_is_four_successive_frames_of_a_clip() -> None:
    (drawn,) = pieces("held-out", range(3))

    assert drawn.shape == (3, 3, 4, 64, 64)
    true = torch.from_numpy(example("held-out", 3, 1).frames[5:9]).movedim(-1, 0).float() / 127.5 - 1
    torch.testing.assert_close(drawn[1], true)


def test_the_psnr_is_that_of_pixels_from_minus_1_to_1(monkeypatch: pytest.MonkeyPatch) -> None:
    """An error of 0.2 everywhere is a tenth of the range: 20 dB."""
    codec = ObjectVideoCodec()
    monkeypatch.setattr(codec, "encode", lambda frames: frames)
    monkeypatch.setattr(codec, "decode", lambda latents: latents + 0.2)

    assert psnr(codec, FRAMES) == pytest.approx(20.0, abs=1e-4)
    assert math.isfinite(psnr(codec, FRAMES))
