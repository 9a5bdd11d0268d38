from __future__ import annotations

from pathlib import Path

import pytest

from arena.media import inspecting
from arena.media.inspecting import facts_as_json, facts_of, inspect_files
from arena.media.probe import Probe, probe
from generators.base import Request, Track
from generators.toyworld.generator import ToyWorld
from tests.factories import CAPTION


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    asked = Request(Track.T2V_AUDIO, CAPTION, 0, 0.5, 64, 64, 12, "p")
    return ToyWorld({"flaw": "none"}).generate(asked, tmp_path).path


def test_facts_are_those_of_a_probe_and_survive_json(clip: Path) -> None:
    assert inspect_files([clip]) == [probe(clip)]
    assert facts_of(facts_as_json(probe(clip))) == probe(clip)


def test_a_file_that_ends_the_process_is_refused_and_the_others_are_looked_at(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, ask = tmp_path / "bad.mp4", inspecting._ask

    def dies(paths: list[Path]) -> list[Probe | str]:
        kept = paths[: paths.index(bad)] if bad in paths else paths
        return list(ask(kept)) if kept else []

    monkeypatch.setattr(inspecting, "_ask", dies)
    first, second, third = inspect_files([clip, bad, clip])
    assert isinstance(first, Probe)
    assert "within the limits of memory and time" in str(second)
    assert isinstance(third, Probe)


def test_a_missing_file_has_a_reason(tmp_path: Path) -> None:
    (reason,) = inspect_files([tmp_path / "nothing.mp4"])
    assert "No such file" in str(reason)
