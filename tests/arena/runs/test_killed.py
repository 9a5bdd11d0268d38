"""`manage.py run_suite` as a process of its own, killed and started again."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from django.conf import settings

pytestmark = pytest.mark.slow
RUN = [
    "run_suite", "toy-world", "--contenders", "truth,stutter", "--tags", "held out", "--track", "t2v-audio",
    "--size", "64x64", "--fps", "12", "--duration", "0.5", "--workers", "2",
]  # fmt: skip
JOBS = 12
PATIENCE_S = 60


@pytest.fixture
def manage(tmp_path: Path) -> Callable[..., subprocess.Popen[str]]:
    """Return a function that starts commands on a database and data folder with the toy world loaded."""
    environment = {key: value for key, value in os.environ.items() if key != "DATABASE_URL"}
    environment["DATA_DIR"] = str(tmp_path)

    def start(*arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "manage.py", *arguments],
            cwd=settings.BASE_DIR,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    for arguments in (
        ["migrate", "-v0"],
        ["load_contenders", "suites/toy-world.contenders.yaml"],
        ["load_suite", "suites/toy-world.yaml"],
    ):
        _finish(start(*arguments))
    return start


def _finish(process: subprocess.Popen[str]) -> str:
    printed, _ = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, printed
    return printed


def _query(folder: Path, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(folder / "paddock.sqlite3", timeout=PATIENCE_S)) as database:
        return database.execute(sql).fetchall()


def _count(folder: Path, state: str) -> int:
    return len(_query(folder, f"SELECT id FROM production_job WHERE state = '{state}'"))


def _kill_midway(folder: Path, process: subprocess.Popen[str], *, done: int) -> int:
    """Kills the process while it works, once so many jobs are done; returns how many it left running."""
    deadline = time.monotonic() + PATIENCE_S
    while _count(folder, "succeeded") < done or not _count(folder, "running"):
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert done <= _count(folder, "succeeded") < JOBS
    return _count(folder, "running")


def _files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_a_run_killed_midway_ends_with_every_job_done_once(
    tmp_path: Path, manage: Callable[..., subprocess.Popen[str]]
) -> None:
    left_running = [_kill_midway(tmp_path, manage(*RUN), done=done) for done in (1, 4, 7)]
    assert any(left_running)
    assert f"{JOBS} done, 0 failed." in _finish(manage(*RUN))

    assert _count(tmp_path, "succeeded") == JOBS
    assert _query(tmp_path, "SELECT count(*), count(DISTINCT job_id) FROM production_clip") == [(JOBS, JOBS)]
    renditions = "SELECT count(*), count(DISTINCT clip_id) FROM production_rendition"
    assert _query(tmp_path, renditions) == [(JOBS, JOBS)]
    named = {
        f"{folder}/{name}"
        for folder, table in (("originals", "production_clip"), ("renditions", "production_rendition"))
        for (name,) in _query(tmp_path, f"SELECT name FROM {table}")
    }
    kept = [json.loads(str(row)) for (row,) in _query(tmp_path, "SELECT variants FROM production_rendition")]
    variants = {f"renditions/{sha[:2]}/{sha[2:4]}/{sha}.mp4" for row in kept for sha, _ in row}
    assert _files(tmp_path / "media") == named | variants
    assert [list((tmp_path / folder).iterdir()) for folder in ("work", "claims")] == [[], []]
