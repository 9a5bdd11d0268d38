from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from generators.happyhorse.__main__ import main
from generators.happyhorse.toy.model import ToyModel, distilled_kind, save_model


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
    done = main(
        ["referee", *paths, *few, "--json", str(tmp_path / "s.json"), "--sheets", str(tmp_path / "sheets")]
    )

    assert done == 0
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
