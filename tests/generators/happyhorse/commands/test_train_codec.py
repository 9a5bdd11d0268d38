from __future__ import annotations

from pathlib import Path

import pytest
import torch

from generators.happyhorse.__main__ import main
from generators.happyhorse.codecs import object_audio, object_video
from generators.happyhorse.commands import train_codec as command
from generators.happyhorse.training import codec_lessons, codec_run
from tests.factories_codecs import one_thread

STATE = f"{object_video.TOY_WORLD.stem}.pt"

quick = pytest.fixture(autouse=True)(one_thread)


@pytest.fixture(autouse=True)
def _few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codec_run, "_CALIBRATION", 48)
    monkeypatch.setattr(codec_lessons, "_HELD_OUT", 2)
    monkeypatch.setattr(command, "_SAVED_EVERY", 2)


@pytest.mark.parametrize(
    ("modality", "codec"), [("video", object_video.TOY_WORLD), ("audio", object_audio.TOY_WORLD)]
)
def test_it_writes_the_codec_and_tells_what_it_reaches(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], modality: str, codec: Path
) -> None:
    out = tmp_path / "runs" / "codec"

    assert main(["train-codec", modality, "--out", str(out), "--steps", "3"]) == 0

    assert {file.name for file in out.iterdir()} == {f"{codec.stem}.pt", codec.name}
    told = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in told] == ["2 steps", "3 steps"]


def test_it_goes_on_where_it_stopped(tmp_path: Path) -> None:
    options = ["train-codec", "video", "--out", str(tmp_path), "--steps", "2"]
    assert main([*options, "--minutes", "1e-9"]) == 0
    assert torch.load(tmp_path / STATE, weights_only=True)["steps"] == 0

    assert main(options) == 0

    assert torch.load(tmp_path / STATE, weights_only=True)["steps"] == 2


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--steps", "0", "steps must be a whole number from 1 to 1000000000; got 0."),
        ("--minutes", "-1", "minutes must be a positive number; got -1.0."),
        ("--threads", "0", "threads must be a whole number from 1 to 1024; got 0."),
    ],
)
def test_a_number_out_of_range_is_named_before_anything_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], option: str, value: str, message: str
) -> None:
    out = tmp_path / "codec"

    assert main(["train-codec", "video", "--out", str(out), f"{option}={value}"]) == 1

    assert message in capsys.readouterr().err
    assert not out.exists()
