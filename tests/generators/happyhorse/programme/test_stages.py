"""Stages: one file each, done once for the same inputs."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
import torch

from generators.happyhorse.programme.stages import (
    OutOfTime,
    Result,
    Stage,
    Workplace,
    machine,
    run_stages,
)


class Told:
    """Work that says its name, and runs out of time as often as asked."""

    def __init__(self, stops: int = 0) -> None:
        self.calls, self.stops = 0, stops

    def __call__(self, place: Workplace) -> Result:
        self.calls += 1
        if self.calls <= self.stops:
            raise OutOfTime
        return {"calls": self.calls}


def _place(out: Path, left_s: float = 3600) -> Workplace:
    return Workplace(out, "cpu", time.monotonic() + left_s)


def _record(out: Path, name: str) -> dict[str, Any]:
    record: dict[str, Any] = json.loads((out / "results" / f"{name}.json").read_text())
    return record


def test_it_goes_on_with_the_first_stage_that_is_not_done(tmp_path: Path) -> None:
    first, second, third = Told(), Told(stops=1), Told()
    stages = [Stage(f"stage {n}", {"n": n}, work) for n, work in enumerate((first, second, third))]

    assert not run_stages(stages, _place(tmp_path))
    assert (first.calls, second.calls, third.calls) == (1, 1, 0)
    assert run_stages(stages, _place(tmp_path))
    assert (first.calls, second.calls, third.calls) == (1, 2, 1)
    assert run_stages(stages, _place(tmp_path))
    assert (first.calls, second.calls, third.calls) == (1, 2, 1)


def test_other_inputs_are_done_again(tmp_path: Path) -> None:
    work = Told()
    for side in ((8, 8), (8, 8), (9, 9)):
        assert run_stages([Stage("one", {"side": side}, work)], _place(tmp_path))

    assert work.calls == 2
    assert _record(tmp_path, "one")["inputs"] == {"side": [9, 9]}


def test_a_record_has_its_date_and_machine(tmp_path: Path) -> None:
    run_stages([Stage("one", {}, Told())], _place(tmp_path))

    record = _record(tmp_path, "one")
    assert record["result"] == {"calls": 1}
    assert record["date"].endswith("+00:00")
    assert record["seconds"] >= 0
    assert {key: record[key] for key in machine("cpu")} == machine("cpu")
    assert record["torch"] == torch.__version__


def test_no_stage_begins_once_the_time_is_up(tmp_path: Path) -> None:
    work = Told()

    assert not run_stages([Stage("one", {}, work)], _place(tmp_path, left_s=-1))
    assert work.calls == 0


def test_a_stage_that_runs_out_of_memory_says_so_and_the_next_one_follows(tmp_path: Path) -> None:
    def greedy(_place: Workplace) -> Result:
        raise torch.OutOfMemoryError("Tried to allocate 9 GiB.\nMore.")

    after = Told()

    assert run_stages([Stage("greedy", {}, greedy), Stage("after", {}, after)], _place(tmp_path))
    assert _record(tmp_path, "greedy")["result"] == {"failed": "out of memory: Tried to allocate 9 GiB."}
    assert after.calls == 1


def test_a_stage_that_fails_leaves_no_record(tmp_path: Path) -> None:
    def broken(_place: Workplace) -> Result:
        raise ValueError("damaged")

    with pytest.raises(ValueError, match="damaged"):
        run_stages([Stage("one", {}, broken)], _place(tmp_path))
    assert not (tmp_path / "results").exists()
