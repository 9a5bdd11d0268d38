from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.conf import settings

from arena.runs.claimant import bury, claimant_name, dead_claimants, retire

CLAIMANT = """
import django
django.setup()
from arena.runs.claimant import claimant_name, retire
print(claimant_name(), flush=True)
input()
retire()
"""


@pytest.fixture(autouse=True)
def fresh_claimant() -> Iterator[None]:
    """Start without a name for this process, and release its lock at the end."""
    retire()
    yield
    retire()


@pytest.fixture
def other(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds a claim; it retires when it is sent a line."""
    environment = {**os.environ, "DATA_DIR": str(tmp_path), "DJANGO_SETTINGS_MODULE": "arena.settings"}
    with subprocess.Popen(
        [sys.executable, "-c", CLAIMANT],
        env=environment,
        cwd=settings.BASE_DIR,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield process
        process.kill()


def _name(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def _locks() -> list[str]:
    return os.listdir(settings.DATA_DIR / "claims")


def test_a_process_has_one_name_in_all_its_threads() -> None:
    with ThreadPoolExecutor(8) as pool:
        names = set(pool.map(lambda _: claimant_name(), range(64)))
    assert names == {claimant_name()}
    assert _locks() == [claimant_name()]


def test_who_holds_its_lock_is_not_dead() -> None:
    claimant_name()
    assert dead_claimants() == []


def test_who_retires_leaves_nothing_and_comes_back_under_another_name() -> None:
    name = claimant_name()
    retire()
    assert (_locks(), dead_claimants()) == ([], [])
    assert claimant_name() != name


def test_who_never_claimed_can_retire() -> None:
    retire()
    assert dead_claimants() == []


def test_a_lock_that_is_still_being_taken_is_nobodys_death() -> None:
    folder = settings.DATA_DIR / "claims"
    folder.mkdir()
    (folder / ".abc").touch()
    assert dead_claimants() == []


def test_a_process_killed_by_the_system_is_dead_and_can_be_buried(other: subprocess.Popen[str]) -> None:
    name = _name(other)
    assert (_locks(), dead_claimants()) == ([name], [])
    other.send_signal(signal.SIGKILL)
    other.wait()
    assert dead_claimants() == [name]
    bury(name)
    assert (_locks(), dead_claimants()) == ([], [])


def test_a_process_that_ends_well_leaves_no_lock(other: subprocess.Popen[str]) -> None:
    _name(other)
    other.communicate("\n")
    assert (other.returncode, _locks()) == (0, [])
