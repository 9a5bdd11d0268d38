from __future__ import annotations

import pytest

from generators.happyhorse.network.facts import Resolution
from generators.happyhorse.network.kinds import KINDS
from generators.happyhorse.sampling import timing
from generators.happyhorse.sampling.timing import STAGES, time_stage
from tests.factories_codecs import one_thread

quick = pytest.fixture(autouse=True)(one_thread)


def test_each_stage_says_its_kinds_steps() -> None:
    assert all(stage.endswith(f", {KINDS[kind].steps} steps") for stage, kind in STAGES.items())


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_takes_longer_than_its_flops(stage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    base = Resolution(64, 32)
    monkeypatch.setattr(timing, "SECONDS", 0.2)
    monkeypatch.setattr(timing, "RESOLUTIONS", {"256p": base})
    enlarged = STAGES[stage] != "distilled"
    monkeypatch.setattr(timing, "usual_resolution", lambda name: Resolution(128, 64) if enlarged else base)
    found = time_stage("tiny", "cpu", stage, compiled=False)
    assert (found.stage, found.compiled) == (stage, False)
    assert 0 < found.floor_s < found.seconds
