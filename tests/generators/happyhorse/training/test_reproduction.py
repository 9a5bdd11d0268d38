from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from generators.happyhorse.sampling.timing import Timing
from generators.happyhorse.toy.codecs import shipped_codecs
from generators.happyhorse.training import reproduction
from generators.happyhorse.training.reproduction import (
    REHEARSAL,
    Amounts,
    Context,
    OutOfTime,
    machine,
    reproduce,
    stages,
    time_large,
    train_codec,
)

SOON = time.monotonic() + 3600


def _context(out: Path, amounts: Amounts = REHEARSAL, until: float = SOON) -> Context:
    return Context(out, amounts, "cpu", until)


def _note(out: Path) -> dict[str, Any]:
    note: dict[str, Any] = json.loads((out / "programme.json").read_text())
    return note


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Stages that only say their names, of which the second runs out of time once."""
    names: list[str] = []

    def first(context: Context) -> int:
        names.append("first")
        return 1

    def second(context: Context) -> str:
        names.append("second")
        if names.count("second") == 1:
            raise OutOfTime
        return "two"

    monkeypatch.setattr(reproduction, "stages", lambda amounts: {"first": first, "second": second})
    return names


def test_stages_come_in_order_with_one_for_each_student() -> None:
    names = ["codec", "train", "distill 8", "distill 4", "distill 2", "referee", "times"]

    assert list(stages(Amounts())) == names
    assert list(stages(REHEARSAL)) == ["codec", "train", "distill 2", "referee", "times"]


def test_it_goes_on_with_the_first_stage_that_is_not_done(tmp_path: Path, told: list[str]) -> None:
    assert not reproduce(tmp_path, REHEARSAL, "cpu", SOON)
    assert list(_note(tmp_path)) == ["first"]

    assert reproduce(tmp_path, REHEARSAL, "cpu", SOON)
    assert told == ["first", "second", "second"]

    assert reproduce(tmp_path, REHEARSAL, "cpu", SOON)
    assert told == ["first", "second", "second"]


def test_a_result_is_noted_with_its_date_and_machine(tmp_path: Path, told: list[str]) -> None:
    reproduce(tmp_path / "new", REHEARSAL, "cpu", SOON)

    noted = _note(tmp_path / "new")["first"]
    assert noted["result"] == 1
    assert noted["date"].endswith("+00:00")
    assert {key: noted[key] for key in machine("cpu")} == machine("cpu")
    assert noted["torch"] == torch.__version__


def test_a_stage_that_fails_is_not_noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(context: Context) -> None:
        raise ValueError("damaged")

    monkeypatch.setattr(reproduction, "stages", lambda amounts: {"only": fail})

    with pytest.raises(ValueError, match="damaged"):
        reproduce(tmp_path, REHEARSAL, "cpu", SOON)
    assert not (tmp_path / "programme.json").exists()


def test_the_time_is_up_once_it_has_passed(tmp_path: Path) -> None:
    _context(tmp_path).require_time()
    with pytest.raises(OutOfTime):
        _context(tmp_path, until=time.monotonic() - 1).require_time()


def test_a_codec_that_is_not_good_enough_is_replaced_by_the_shipped_one(tmp_path: Path) -> None:
    context = _context(tmp_path)
    context.note["codec"] = {"result": 12.0, "date": "today"}

    assert reproduction._codecs(context).digest == shipped_codecs().digest


@pytest.mark.slow
def test_a_codec_that_is_good_enough_is_used(tmp_path: Path) -> None:
    context = _context(tmp_path, replace(REHEARSAL, codec_steps=1))
    train_codec(context)
    context.note["codec"] = {"result": 34.5, "date": "2026-01-01"}

    codecs = reproduction._codecs(context)

    assert codecs.digest == "conv after 2026-01-01"
    assert codecs.video.latent_channels == 16


@pytest.mark.slow
def test_codec_training_that_ran_out_of_time_goes_on(tmp_path: Path) -> None:
    with pytest.raises(OutOfTime):
        train_codec(_context(tmp_path, until=time.monotonic() - 1))
    assert sorted(file.name for file in tmp_path.iterdir()) == ["codec-moments.pt", "codec.pt"]
    assert torch.load(tmp_path / "codec.pt", weights_only=True)["done"] == 1

    reached = train_codec(_context(tmp_path))

    assert torch.load(tmp_path / "codec.pt", weights_only=True)["done"] == 4
    assert 0 < reached < 34


def test_times_are_taken_of_every_stage_eager_and_compiled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, bool]] = []

    def measure(model: str, device: str, stage: str, compiled: bool) -> Timing:
        assert (model, device) == ("tiny", "cpu")
        asked.append((stage, compiled))
        return Timing(stage, compiled, 2.5, 1.25)

    monkeypatch.setattr(reproduction, "time_stage", measure)
    amounts = replace(REHEARSAL, stages=("one", "two"), compiled=(False, True))

    found = time_large(_context(tmp_path, amounts))

    assert asked == [("one", False), ("two", False), ("one", True), ("two", True)]
    assert found[0] == {"stage": "one", "compiled": False, "seconds": 2.5, "floor_s": 1.25}
    lines = (tmp_path / "times.txt").read_text().splitlines()
    assert [line.split()[:2] for line in lines] == [
        ["one", "eager"],
        ["two", "eager"],
        ["one", "compiled"],
        ["two", "compiled"],
    ]
    assert all(line.endswith("2.50 s  floor    1.25 s") for line in lines)


def test_times_that_were_taken_before_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        reproduction, "time_stage", lambda model, device, stage, compiled: Timing(stage, compiled, 9.0, 1.0)
    )
    context = _context(tmp_path, replace(REHEARSAL, stages=("one", "two")))
    context.note["times so far"] = [{"stage": "one", "compiled": False, "seconds": 2.5, "floor_s": 1.25}]

    found = time_large(context)

    assert [(timing["stage"], timing["seconds"]) for timing in found] == [("one", 2.5), ("two", 9.0)]
    assert len(_note(tmp_path)["times so far"]) == 2


def test_no_time_is_taken_once_the_time_is_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reproduction, "time_stage", None)

    with pytest.raises(OutOfTime):
        time_large(_context(tmp_path, until=time.monotonic() - 1))
    assert not (tmp_path / "times.txt").exists()
