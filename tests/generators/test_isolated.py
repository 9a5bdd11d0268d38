from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from generators.answers import Order, UnexpectedFault
from generators.base import GenerationError
from generators.choices import SettingsError
from generators.full_disk import DiskFull
from generators.isolated import Crashed, Stopped, TimedOut, Workshop
from generators.results import CheckedClip
from tests.factories_generators import make_request
from tests.factories_strangers import write_stranger


@pytest.fixture
def workshop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workshop]:
    monkeypatch.syspath_prepend(write_stranger(tmp_path / "site"))
    opened = Workshop()
    yield opened
    opened.stop()
    opened.close()


def _make(workshop: Workshop, folder: Path, *, limit_s: float = 60, **settings: object) -> CheckedClip:
    return workshop.make(Order("stranger", settings, make_request(), folder / "out"), limit_s=limit_s)


def _resolved(made: CheckedClip) -> dict[str, Any]:
    resolved = made.provenance["resolved"]
    assert isinstance(resolved, dict)
    return resolved


def test_a_clip_is_made_in_another_process(workshop: Workshop, tmp_path: Path) -> None:
    made = _make(workshop, tmp_path)
    assert made.path.is_file()
    assert _resolved(made)["process"] != os.getpid()


def test_a_generator_is_loaded_once_for_many_clips(workshop: Workshop, tmp_path: Path) -> None:
    first, second, other = (_resolved(_make(workshop, tmp_path, how=how)) for how in ("", "", "print"))
    assert first == second
    assert (other["process"], other["loaded"]) == (first["process"], first["loaded"] + 1)


def test_a_file_that_a_setting_names_is_read_again_once_it_changes(
    workshop: Workshop, tmp_path: Path
) -> None:
    manifest = tmp_path / "manifest.csv"
    loaded = []
    for text in ("a", "a", "changed"):
        if not manifest.exists() or manifest.read_text() != text:
            manifest.write_text(text)
        loaded.append(_resolved(_make(workshop, tmp_path, manifest=str(manifest)))["loaded"])
    assert loaded == [1, 1, 2]


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("abort", "The generator's process ended by SIGABRT."),
        ("kill", "The generator's process ended by SIGKILL, as the system does when memory runs out."),
        ("exit", "The generator's process ended with status 3."),
        ("leave a child", "The generator's process ended by SIGABRT."),
    ],
)
def test_a_generator_that_ends_its_process_ends_one_clip(
    workshop: Workshop, tmp_path: Path, how: str, message: str
) -> None:
    with pytest.raises(Crashed) as caught:
        _make(workshop, tmp_path, how=how)
    assert (str(caught.value), caught.value.kind, caught.value.retryable) == (message, "crashed", True)
    assert _make(workshop, tmp_path).path.is_file()


@pytest.mark.slow
@pytest.mark.parametrize("how", ["hang", "spin"])
def test_a_generator_that_hangs_is_stopped(workshop: Workshop, tmp_path: Path, how: str) -> None:
    with pytest.raises(TimedOut, match=r"^The generator took longer than 2 s and was stopped\.$"):
        _make(workshop, tmp_path, how=how, limit_s=2)
    assert _make(workshop, tmp_path).path.is_file()


def test_an_error_is_no_reason_to_load_everything_again(workshop: Workshop, tmp_path: Path) -> None:
    process = _resolved(_make(workshop, tmp_path))["process"]
    with pytest.raises(GenerationError) as caught:
        _make(workshop, tmp_path, how="busy")
    assert (str(caught.value), caught.value.kind, caught.value.retryable) == ("busy", "transient", True)
    with pytest.raises(UnexpectedFault, match=r"^ZeroDivisionError: division by zero$") as fault:
        _make(workshop, tmp_path, how="fault")
    assert "strangers.py" in fault.value.trace
    with pytest.raises(DiskFull):
        _make(workshop, tmp_path, how="full")
    with pytest.raises(SettingsError, match="Unknown generator 'gone'"):
        workshop.make(Order("gone", {}, make_request(), tmp_path), limit_s=60)
    assert _resolved(_make(workshop, tmp_path))["process"] == process


def test_clips_made_side_by_side_have_a_process_each(workshop: Workshop, tmp_path: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        made = list(pool.map(lambda i: _resolved(_make(workshop, tmp_path / str(i)))["process"], range(4)))
    assert len(set(made)) <= 2


def test_stopping_ends_what_is_being_made(workshop: Workshop, tmp_path: Path) -> None:
    _make(workshop, tmp_path)
    threading.Timer(0.3, workshop.stop).start()
    started = time.monotonic()
    with pytest.raises(Stopped):
        _make(workshop, tmp_path, how="hang")
    assert time.monotonic() - started < 60


def test_closing_ends_the_idle_processes(workshop: Workshop, tmp_path: Path) -> None:
    process = _resolved(_make(workshop, tmp_path))["process"]
    workshop.close()
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)
