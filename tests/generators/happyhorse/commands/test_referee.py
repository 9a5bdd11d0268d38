from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from generators.happyhorse.__main__ import main
from generators.happyhorse.commands.referee import CEILING, references, shares
from generators.happyhorse.toy.codecs import shipped_codecs
from generators.happyhorse.toy.model import ToyModel, distilled_kind, save_model
from generators.toyworld.world.examples import example


def test_the_truth_beats_the_codecs_and_these_beat_broken_clips() -> None:
    examples = [example("held-out", 5, place) for place in range(6)]

    table = references(examples, shipped_codecs())

    assert table["truth"]["shape"].value >= table[CEILING]["shape"].value
    assert table[CEILING]["sync F1"].value > 2 * table[CEILING]["sync F1 by chance"].value
    assert table["wrong colour"]["colour"].value < 0.5 < table[CEILING]["colour"].value
    assert table["silence"]["sync F1"].value == 0
    relative = shares(table)
    assert relative[CEILING]["colour"].value == pytest.approx(1.0)
    assert relative["truth"]["sync F1"].low < relative["truth"]["sync F1"].value
    assert "mean offset ms" not in relative["truth"]


@pytest.mark.parametrize(("option", "few", "least"), [("--seeds", "1", 2), ("--count", "0", 1)])
def test_too_few_are_refused(option: str, few: str, least: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["referee", option, few]) == 1
    assert f"{option} must be {least} or more" in capsys.readouterr().err


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
