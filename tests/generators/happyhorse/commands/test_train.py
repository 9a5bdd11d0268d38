from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch

from generators.happyhorse.__main__ import main
from generators.happyhorse.commands import train
from generators.happyhorse.toy.model import BASE, TOY, ToyModel, load_model, save_model
from generators.happyhorse.training.cache import LatentCache
from generators.happyhorse.training.flow_step import begin_flow
from generators.happyhorse.training.held_out import HeldOut
from generators.happyhorse.training.run import Run
from tests.factories_codecs import one_thread
from tests.factories_training import SMALL

FEW = ("--clips", "4", "--samples", "4", "--batch", "2", "--no-sheets")

quick = pytest.fixture(autouse=True)(one_thread)


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Train a smaller network, and look at 2 held-out clips instead of 128."""
    monkeypatch.setattr(train, "begin_flow", partial(begin_flow, config=SMALL))
    monkeypatch.setattr(train, "HeldOut", partial(HeldOut, clips=2))


def _train(out: Path, *more: str) -> int:
    return main(["train", "--out", str(out), *FEW, *more])


def test_it_writes_weights_state_log_and_encoded_clips(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "runs" / "base"
    assert _train(out) == 0

    model, kind = load_model(out / "base.safetensors")
    assert (kind, model.config) == (BASE, SMALL)
    assert all(torch.isfinite(weight).all() for weight in model.parameters())
    assert sorted(file.name for file in out.iterdir()) == [
        "base.safetensors",
        "cache",
        "log.jsonl",
        "state.pt",
    ]
    assert len(LatentCache(out / "cache")) == 4
    (line,) = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    assert line["samples"] == 4
    assert len(line["held_out_video"]) == len(line["held_out_audio"]) == 4
    assert capsys.readouterr().out == "4 of 4 clips encoded\n"


def test_it_goes_on_where_it_stopped(tmp_path: Path) -> None:
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    cache = ("--cache", str(tmp_path / "cache"))
    _train(whole, *cache)

    assert _train(broken, *cache, "--minutes", "1e-9") == 0
    assert torch.load(broken / "state.pt", weights_only=True)["steps"] == 0
    assert _train(broken, *cache) == 0

    assert (whole / "base.safetensors").read_bytes() == (broken / "base.safetensors").read_bytes()


def test_weights_of_other_codecs_are_a_start_for_the_codecs_of_today(tmp_path: Path) -> None:
    older = ToyModel(replace(SMALL, audio_in_channels=48))
    save_model(older, BASE, tmp_path / "older.safetensors")

    assert _train(tmp_path / "run", "--start", str(tmp_path / "older.safetensors"), "--new-codecs") == 0

    assert load_model(tmp_path / "run" / "base.safetensors")[0].config == TOY


def test_new_codecs_without_weights_to_start_from_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _train(tmp_path / "run", "--new-codecs") == 1

    assert "new-codecs must come with start; got no start." in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_a_run_with_other_options_is_not_resumed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _train(tmp_path, "--minutes", "1e-9")

    assert _train(tmp_path, "--muon-rate", "0.5") == 1

    said = capsys.readouterr().err
    assert "Go on with its settings" in said
    assert said.count("\n") == 1


def test_options_reach_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, Any] = {}

    def stop(run: Run, clips: object, folder: Path, pace: object, report: object) -> bool:
        seen.update(settings=run.settings, folder=folder, pace=pace)
        return True

    monkeypatch.setattr(train, "fit", stop)
    options = ("--seed", "7", "--muon-rate", "0.5", "--adam-rate", "0.25", "--save-minutes", "2")

    assert _train(tmp_path, *options, "--report-minutes", "3") == 0

    settings, pace = seen["settings"], seen["pace"]
    assert (settings.samples, settings.batch, settings.seed) == (4, 2, 7)
    assert (settings.rates.muon, settings.rates.adam) == (0.5, 0.25)
    assert (pace.save_minutes, pace.report_minutes, pace.until) == (2.0, 3.0, float("inf"))
    assert seen["folder"] == tmp_path


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--clips", "0", "clips must be a whole number from 1 to 1000000000; got 0."),
        ("--clips", "-4", "clips must be a whole number from 1 to 1000000000; got -4."),
        ("--samples", "0", "samples must be a whole number from 1 to 1000000000; got 0."),
        ("--samples", "-1", "samples must be a whole number from 1 to 1000000000; got -1."),
        ("--batch", "0", "batch must be a whole number from 1 to 1000000000; got 0."),
        ("--batch", "-8", "batch must be a whole number from 1 to 1000000000; got -8."),
        ("--batch", str(10**30), "batch must be a whole number from 1 to 1000000000"),
        ("--muon-rate", "0", "muon-rate must be a positive number; got 0.0."),
        ("--muon-rate", "nan", "muon-rate must be a positive number; got nan."),
        ("--adam-rate", "-0.1", "adam-rate must be a positive number; got -0.1."),
        ("--adam-rate", "inf", "adam-rate must be a positive number; got inf."),
        ("--seed", "-1", "seed must be a whole number from 0 to 9007199254740991; got -1."),
        ("--seed", str(2**64), "seed must be a whole number from 0 to 9007199254740991"),
        ("--minutes", "0", "minutes must be a positive number; got 0.0."),
        ("--minutes", "-1", "minutes must be a positive number; got -1.0."),
        ("--minutes", "nan", "minutes must be a positive number; got nan."),
        ("--save-minutes", "0", "save-minutes must be a positive number; got 0.0."),
        ("--report-minutes", "-2", "report-minutes must be a positive number; got -2.0."),
        ("--threads", "0", "threads must be a whole number from 1 to 1024; got 0."),
        ("--threads", "-1", "threads must be a whole number from 1 to 1024; got -1."),
    ],
)
def test_a_number_out_of_range_is_named_before_anything_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], option: str, value: str, message: str
) -> None:
    out = tmp_path / "run"

    assert _train(out, f"{option}={value}") == 1

    said = capsys.readouterr().err
    assert message in said
    assert said.count("\n") == 1
    assert not out.exists()


def test_a_device_that_is_not_there_is_named_before_anything_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda check_available: None)
    out = tmp_path / "run"

    assert _train(out, "--device", "cuda") == 1

    assert "got 'cuda'. Choose one of: cpu." in capsys.readouterr().err
    assert not out.exists()


def test_a_file_in_the_folders_place_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "run").write_text("a file")

    assert _train(tmp_path / "run") == 1

    assert "out must be a folder; got " in capsys.readouterr().err


def test_a_cache_of_other_clips_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _train(tmp_path, "--minutes", "1e-9")

    assert _train(tmp_path, "--clips", "5") == 1

    assert "Use another folder." in capsys.readouterr().err


def test_two_objects_are_refused_by_a_codec_of_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _train(tmp_path / "run", "--objects", "2") == 1

    assert "objects must be 1, which is what the learned video codec draws; got 2." in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_it_goes_on_from_given_weights(tmp_path: Path) -> None:
    _train(tmp_path / "first")
    start = tmp_path / "first" / "base.safetensors"

    assert _train(tmp_path / "second", "--start", str(start), "--minutes", "1e-9") == 0

    assert (tmp_path / "second" / "base.safetensors").read_bytes() == _without_notes(start, tmp_path)


def _without_notes(path: Path, folder: Path) -> bytes:
    """Return the bytes of the same weights, saved as those of a run without a step."""
    model, kind = load_model(path)
    save_model(model, kind, folder / "again.safetensors", samples=0, seed=0, batch=2)
    return (folder / "again.safetensors").read_bytes()
