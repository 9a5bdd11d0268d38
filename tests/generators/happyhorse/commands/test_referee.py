from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from generators.happyhorse.__main__ import main
from generators.happyhorse.commands import referee
from generators.happyhorse.toy.model import TOY, ToyModel, distilled_kind, save_model


@pytest.mark.parametrize(("option", "few", "least"), [("seeds", "1", 2), ("count", "0", 1)])
def test_too_few_are_refused(option: str, few: str, least: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["referee", f"--{option}", few]) == 1
    said = capsys.readouterr().err
    assert f"{option} must be " in said
    assert f" {least} " in said
    assert f"got {few}." in said


def test_every_checkpoint_and_way_has_a_column(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch.manual_seed(0)
    model = ToyModel()
    save_model(model, distilled_kind(2), tmp_path / "2step.safetensors")
    save_model(model, distilled_kind(1), tmp_path / "1step.safetensors")
    paths = [str(tmp_path / f"{steps}step.safetensors") for steps in (2, 1)]

    few = ["--count", "2", "--seeds", "2", "--no-broken", "--cascade"]
    made = {name: str(tmp_path / name) for name in ("s.json", "sheets", "s.svg")}
    written = ["--json", made["s.json"], "--sheets", made["sheets"], "--figure", made["s.svg"]]
    done = main(["referee", *paths, *few, *written])

    assert done == 0
    assert all(f">{name}<" in Path(made["s.svg"]).read_text() for name in ("2step", "1step cascade"))
    assert len(list((tmp_path / "sheets").glob("*.png"))) == 4
    scores = json.loads((tmp_path / "s.json").read_text())
    assert list(scores) == ["truth", "codec", "2step", "2step cascade", "1step", "1step cascade"]
    assert scores["codec"]["coherent"]["value"] > scores["2step"]["coherent"]["value"]
    assert scores["truth"]["start spread px"]["value"] > 1
    assert "Shares of what the codec reaches" in capsys.readouterr().out


@pytest.mark.slow
def test_the_shipped_weights_are_scored_if_no_others_are_named(tmp_path: Path) -> None:
    done = main(
        ["referee", "--count", "2", "--seeds", "2", "--no-broken", "--json", str(tmp_path / "s.json")]
    )

    assert done == 0
    columns = ["truth", "codec", "base", "base cascade", "8step", "4step", "2step"]
    assert list(json.loads((tmp_path / "s.json").read_text())) == columns


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--count", "-1", "count must be a whole number from 1 to 1000000000; got -1."),
        ("--objects", "2", "objects must be 1, which is what the learned video codec draws; got 2."),
        ("--count", str(10**20), "count must be a whole number from 1 to 1000000000"),
        ("--seeds", "0", "seeds must be 2 or more, as clips of one seed can't differ; got 0."),
        ("--seeds", "-5", "seeds must be 2 or more, as clips of one seed can't differ; got -5."),
        ("--threads", "0", "threads must be a whole number from 1 to 1024; got 0."),
        ("--json", "nowhere/scores.json", "json must be a file in a folder that exists"),
        ("--json", ".", "json must be a file in a folder that exists; got ."),
        ("--figure", "nowhere/scores.svg", "figure must be a file in a folder that exists"),
        ("--figure", "scores.jpg", "figure must end in .svg or .png; got scores.jpg. Rename it."),
    ],
)
def test_a_mistake_is_named_before_anything_is_scored(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    option: str,
    value: str,
    message: str,
) -> None:
    monkeypatch.setattr(referee, "references", None)

    assert main(["referee", f"{option}={value}"]) == 1

    said = capsys.readouterr()
    assert message in said.err
    assert said.err.count("\n") == 1
    assert said.out == ""


def test_weights_that_are_not_there_are_named_before_anything_is_scored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(referee, "references", None)

    assert main(["referee", str(tmp_path / "none.safetensors")]) == 1

    assert "There are no weights at " in capsys.readouterr().err


def test_a_device_that_is_not_there_is_named_before_anything_is_scored(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(referee, "references", None)
    monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda check_available: None)

    assert main(["referee", "--device", "cuda"]) == 1

    assert "got 'cuda'. Choose one of: cpu." in capsys.readouterr().err


def test_a_file_in_the_sheets_place_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(referee, "references", None)
    (tmp_path / "sheets").write_text("a file")

    assert main(["referee", "--sheets", str(tmp_path / "sheets")]) == 1

    assert "sheets must be a folder; got " in capsys.readouterr().err


def test_checkpoints_on_different_codecs_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, channels in (("small", 24), ("large", 96)):
        model = ToyModel(replace(TOY, video_in_channels=channels))
        save_model(model, distilled_kind(2), tmp_path / f"{name}.safetensors")

    assert main(["referee", str(tmp_path / "small.safetensors"), str(tmp_path / "large.safetensors")]) == 1

    assert "checkpoints must have latents of the same codecs" in capsys.readouterr().err
