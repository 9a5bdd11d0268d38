from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from generators.base import InvalidInput
from generators.happyhorse.toy.model import BASE, distilled_kind, load_model
from generators.happyhorse.training.distill_step import begin_distill
from generators.happyhorse.training.dmd import Recipe
from generators.happyhorse.training.loop import LOG, Pace, deadline, fit, weights_path
from generators.happyhorse.training.run import Run
from tests.factories_training import FixedClips, small_run, take

CLIPS = FixedClips()
ALWAYS = 1e-9
"""Minutes that are over at every step."""


class _Reports:
    """A report that counts its calls."""

    def __init__(self) -> None:
        self.steps: list[int] = []

    def __call__(self, run: Run, folder: Path) -> Mapping[str, object]:
        assert folder.is_dir()
        self.steps.append(run.steps)
        return {"curve": [0.123456, 2]}


def _lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / LOG).read_text().splitlines()]


def test_a_run_goes_on_until_all_samples_were_seen(tmp_path: Path) -> None:
    run = small_run(samples=16)

    assert fit(run, CLIPS, tmp_path, Pace())

    assert (run.steps, run.done) == (2, 1.0)


def test_it_writes_the_mean_weights_with_their_kind_and_its_state(tmp_path: Path) -> None:
    run = small_run(samples=16)
    fit(run, CLIPS, tmp_path, Pace())

    model, kind = load_model(tmp_path / "base.safetensors")

    assert kind == BASE
    for one, other in zip(model.parameters(), run.average.weights, strict=True):
        assert one.equal(other)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["base.safetensors", "state.pt"]


def test_a_run_whose_time_is_up_stops_and_says_so(tmp_path: Path) -> None:
    run = small_run(samples=16)

    assert not fit(run, CLIPS, tmp_path, Pace(until=time.monotonic() - 1))

    assert run.steps == 0
    assert (tmp_path / "state.pt").exists()


def test_a_stopped_run_ends_as_an_unbroken_one_to_the_bit(tmp_path: Path) -> None:
    (tmp_path / "whole").mkdir()
    (tmp_path / "broken").mkdir()
    whole = small_run(samples=16)
    fit(whole, CLIPS, tmp_path / "whole", Pace())
    take(small_run(samples=16), CLIPS, 1).save(tmp_path / "broken")

    resumed = small_run(weights=5, samples=16)
    assert fit(resumed, CLIPS, tmp_path / "broken", Pace())

    assert resumed.steps == whole.steps
    files = [tmp_path / name / "base.safetensors" for name in ("whole", "broken")]
    assert files[0].read_bytes() == files[1].read_bytes()


def test_a_finished_run_is_not_repeated(tmp_path: Path) -> None:
    fit(small_run(samples=16), CLIPS, tmp_path, Pace())
    before = (tmp_path / "base.safetensors").read_bytes()

    again = small_run(samples=16)
    assert fit(again, CLIPS, tmp_path, Pace())

    assert again.steps == 2
    assert (tmp_path / "base.safetensors").read_bytes() == before


def test_the_state_is_saved_as_often_as_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    saved: list[int] = []
    monkeypatch.setattr(Run, "save", lambda run, folder: saved.append(run.steps))

    fit(small_run(samples=16), CLIPS, tmp_path, Pace(save_minutes=ALWAYS))
    assert saved == [1, 2, 2]  # and at the end

    saved.clear()
    fit(small_run(samples=16), CLIPS, tmp_path, Pace())
    assert saved == [2]


def test_a_report_is_made_as_often_as_asked_and_at_the_end(tmp_path: Path) -> None:
    often, once = _Reports(), _Reports()

    fit(small_run(samples=16), CLIPS, tmp_path, Pace(report_minutes=ALWAYS), often)
    (tmp_path / "state.pt").unlink()
    fit(small_run(samples=16), CLIPS, tmp_path, Pace(), once)

    assert often.steps == [1, 2, 2]
    assert once.steps == [2]


def test_the_log_holds_a_reports_values_to_four_digits(tmp_path: Path) -> None:
    fit(small_run(samples=16), CLIPS, tmp_path, Pace(), _Reports())

    assert _lines(tmp_path) == [{"samples": 16, "curve": [0.1235, 2.0]}]


def test_the_log_holds_means_over_fifty_steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Losses 1 … 50 have the mean 25.5; a loss that came only once is its own mean."""
    run, numbers = small_run(samples=8 * 102), iter(range(1, 103))

    def advance(run: Run, clips: object) -> dict[str, float]:
        run.steps += 1
        number = next(numbers)
        return {"video": float(number)} | ({"audio": 7.0} if number == 3 else {})

    monkeypatch.setattr(Run, "advance", advance)
    fit(run, CLIPS, tmp_path, Pace())

    first, second = _lines(tmp_path)
    assert first.pop("samples_per_s") > 0
    assert first == {"samples": 400, "video": 25.5, "audio": 7.0}
    assert (second["samples"], second["video"]) == (800, 75.5)
    assert "audio" not in second


def test_a_log_is_added_to(tmp_path: Path) -> None:
    fit(small_run(samples=16), CLIPS, tmp_path, Pace(), _Reports())
    fit(small_run(samples=24), CLIPS, tmp_path, Pace(), _Reports())

    assert [line["samples"] for line in _lines(tmp_path)] == [16, 24]


def test_lines_of_a_distillation_begin_with_the_students_steps(tmp_path: Path) -> None:
    base = small_run().mean_model()

    run = begin_distill(base, base, Recipe(steps=2), updates=1, batch=2)
    fit(run, CLIPS, tmp_path, Pace(), _Reports())

    assert list(_lines(tmp_path)[0].items())[:2] == [("distill_steps", 2), ("samples", 2)]


def test_training_and_distillation_share_a_folder_without_meeting(tmp_path: Path) -> None:
    fit(small_run(samples=16), CLIPS, tmp_path, Pace())
    base, _ = load_model(tmp_path / "base.safetensors")

    for steps in (4, 2):
        run = begin_distill(base, base, Recipe(steps=steps), updates=1, batch=2)
        assert fit(run, CLIPS, tmp_path, Pace())

    states = ["distill-2-fake.pt", "distill-2-student.pt", "distill-4-fake.pt", "distill-4-student.pt"]
    weights = ["2step.safetensors", "4step.safetensors", "base.safetensors"]
    assert sorted(file.name for file in tmp_path.iterdir()) == sorted([*states, *weights, "state.pt"])


def test_weights_are_named_for_their_kind(tmp_path: Path) -> None:
    assert weights_path(tmp_path, BASE) == tmp_path / "base.safetensors"
    assert weights_path(tmp_path, distilled_kind(8)) == tmp_path / "8step.safetensors"


def test_a_deadline_is_so_many_minutes_from_now() -> None:
    assert deadline(2.0) - time.monotonic() == pytest.approx(120, abs=5)
    assert deadline(float("inf")) == float("inf")


@pytest.mark.parametrize("minutes", [0.0, -1.0, float("nan")])
def test_no_time_at_all_is_refused(minutes: float) -> None:
    with pytest.raises(InvalidInput, match="minutes must be a positive number"):
        deadline(minutes)
    with pytest.raises(InvalidInput, match="save-minutes must be a positive number"):
        Pace(save_minutes=minutes)
    with pytest.raises(InvalidInput, match="report-minutes must be a positive number"):
        Pace(report_minutes=minutes)
