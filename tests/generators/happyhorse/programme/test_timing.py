"""Times, ceilings and peaks at reduced size."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import torch

from generators.happyhorse.execution.peaks import read_readings
from generators.happyhorse.network.facts import PRECISIONS, Precision, Resolution
from generators.happyhorse.network.kinds import kind
from generators.happyhorse.programme import timing
from generators.happyhorse.programme.ceilings import measure_ceilings, published_flops
from generators.happyhorse.programme.memory import collect_readings, measure_level
from generators.happyhorse.programme.programme import PROGRAMMES, stages
from generators.happyhorse.programme.stages import Stage, Workplace, run_stages
from generators.happyhorse.programme.timing import EAGER, FLOAT8, random_network, time_clip
from tests.factories_codecs import one_thread
from tests.factories_happyhorse import hashed_inputs

quick = pytest.fixture(autouse=True)(one_thread)


@pytest.fixture
def place(tmp_path: Path) -> Workplace:
    return Workplace(tmp_path, "cpu", time.monotonic() + 3600)


@pytest.mark.parametrize(("resolution", "steps"), [("256p", 8), ("540p", 5), ("1080p", 5)])
def test_all_steps_of_a_resolution_are_timed(
    place: Workplace, resolution: str, steps: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = Resolution(64, 32)
    monkeypatch.setattr(timing, "RESOLUTIONS", {"256p": base})
    large = Resolution(128, 64)
    monkeypatch.setattr(timing, "usual_resolution", lambda name: base if name == "distilled" else large)

    found = time_clip(place, "tiny", resolution, 0.2, EAGER)
    once = time_clip(place, "tiny", resolution, 0.2, FLOAT8._replace(ways=("fused",)))

    assert found["time_s"] > 0
    assert found["flops"] == once["flops"]
    assert found["flops"] % steps == 0


@pytest.mark.parametrize("precision", PRECISIONS)
def test_random_networks_have_finite_velocities(precision: Precision) -> None:
    network = random_network("tiny", kind("1080p"), torch.device("cpu"), precision)

    with torch.inference_mode():
        video, audio = network(*hashed_inputs(), window=1)

    assert 0.1 < video.std() < 10
    assert audio.isfinite().all()


def test_ceilings_are_rates(place: Workplace) -> None:
    found = measure_ceilings(place, side=64, copied=2**16)

    assert found.keys() == {"bf16_flops", "copied_bytes_per_s"}
    assert all(rate > 1e6 for rate in found.values())


def test_published_rates_are_known_by_a_cards_name() -> None:
    assert published_flops("NVIDIA H200") == 989.4e12
    assert published_flops("x86_64") is None


def test_a_level_is_measured_by_its_plan(place: Workplace) -> None:
    stage = Stage("fit 8", {}, lambda place: measure_level(place, "tiny", 8, 0.2))
    run_stages([stage], place)
    record = place.record("fit 8")
    assert record is not None
    result = record["result"]
    assert result["plan"].startswith("precision bf16, offload none")

    assert collect_readings(place, ["fit 8"]) == {"readings": 1}
    (reading,) = read_readings(place.out / "peaks.json")
    assert reading.stage == "denoising"
    weights = result["estimate_bytes"] - reading.estimate
    assert reading.peak == max(
        result["peak_bytes"] - weights, 0
    )  # memory freed before adds nothing to a peak


def test_a_level_without_a_plan_says_what_is_missing(place: Workplace) -> None:
    found = measure_level(place, "15b", 8, 5.0)

    assert "15b at 256p takes at least" in found["failed"]


def test_all_stages_of_the_large_network_come_before_the_small_models(place: Workplace) -> None:
    names = [stage.name for stage in stages(PROGRAMMES["15b"], place)]

    large = [f"{size} {way}" for size in ("256p", "540p", "1080p") for way in ("eager", "compiled", "fp8")]
    levels = [f"fit {level}" for level in (8, 12, 16, 24, 48, 80)]
    small = ["train", "distill 8", "distill 4", "distill 2", "referee"]
    assert names == ["ceilings", *large, *levels, "peaks", *small]
