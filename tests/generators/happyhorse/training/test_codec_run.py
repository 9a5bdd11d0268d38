from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch

from generators.happyhorse.training.codec_run import CodecRun, trained_codec

FRAMES = torch.rand(2, 3, 5, 16, 16, generator=torch.Generator().manual_seed(0)) * 2 - 1


@pytest.fixture
def start(tmp_path: Path) -> CodecRun:
    torch.manual_seed(0)
    return CodecRun(tmp_path, "cpu")


def test_a_stopped_run_equals_an_unbroken_one_to_the_bit(start: CodecRun, tmp_path: Path) -> None:
    start.advance(FRAMES)
    start.save()
    torch.manual_seed(5)  # other weights, which the files replace
    resumed = CodecRun(tmp_path, "cpu")
    assert resumed.steps == 1
    for run in (start, resumed):
        run.advance(FRAMES)

    assert start.steps == resumed.steps == 2
    for one, other in zip(start.codec.parameters(), resumed.codec.parameters(), strict=True):
        assert one.equal(other)


def test_steps_make_the_picture_better(start: CodecRun) -> None:
    start.codec.calibrate([FRAMES])
    before = start.psnr(FRAMES)

    for _ in range(6):
        start.advance(FRAMES)
    start.codec.calibrate([FRAMES])

    assert start.psnr(FRAMES) > before


def test_the_psnr_is_that_of_pixels_from_minus_1_to_1(
    start: CodecRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error of 0.2 everywhere is a tenth of the range: 20 dB."""
    monkeypatch.setattr(start.codec, "encode", lambda frames: frames)
    monkeypatch.setattr(start.codec, "decode", lambda latents: latents + 0.2)

    assert start.psnr(FRAMES) == pytest.approx(20.0, abs=1e-4)
    assert math.isfinite(start.psnr(FRAMES))


def test_a_finished_run_keeps_the_codec_alone(start: CodecRun, tmp_path: Path) -> None:
    start.advance(FRAMES)
    start.codec.calibrate([FRAMES])
    start.save()
    start.finish()
    start.finish()  # a second time does no harm

    assert [file.name for file in tmp_path.iterdir()] == ["codec.pt"]
    codec = trained_codec(tmp_path, "cpu")
    assert not codec.training
    assert codec.encode(FRAMES).equal(start.codec.eval().encode(FRAMES))


def test_no_file_is_above_15_mib(start: CodecRun, tmp_path: Path) -> None:
    start.advance(FRAMES)
    start.save()

    assert len(list(tmp_path.iterdir())) == 2
    assert max(file.stat().st_size for file in tmp_path.iterdir()) <= 15 * 2**20
