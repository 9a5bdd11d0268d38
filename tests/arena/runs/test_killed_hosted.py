"""`manage.py run_suite` against a fake provider, killed midway and started again: nothing is paid twice."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from django.conf import settings

from tests.providers.contract import CONTENDERS, variables
from tests.providers.server import Server

pytestmark = pytest.mark.slow
JOBS = 24
PATIENCE_S = 120
PRICE_USD = 0.70
RUN = [
    "run_suite", "many", "--contenders", "kling,happyhorse", "--track", "t2v-audio", "--size", "128x72",
    "--fps", "24", "--duration", "5", "--workers", "2", "--concurrency", "8",
]  # fmt: skip


class Place:
    """Data folder of its own, whose commands know the fake providers."""

    def __init__(self, folder: Path, server: Server) -> None:
        self.folder = folder
        kept = {key: value for key, value in os.environ.items() if key != "DATABASE_URL"}
        self.environment = {
            **kept,
            **variables(server, "kling", folder),
            **variables(server, "model-studio", folder),
            "DATA_DIR": str(folder),
            "HOSTED_POLL_S": "0.05",
            "KLING_CONCURRENCY": "4",
            "MODEL_STUDIO_CONCURRENCY": "4",
        }

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a command."""
        return subprocess.Popen(
            [sys.executable, "manage.py", *arguments],
            cwd=settings.BASE_DIR,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def finish(self, *arguments: str) -> str:
        """Run a command to its end."""
        process = self.start(*arguments)
        printed, _ = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 0, printed
        return printed

    def query(self, sql: str) -> list[tuple[object, ...]]:
        """Return the rows of a query on the commands' database."""
        with closing(sqlite3.connect(self.folder / "paddock.sqlite3", timeout=PATIENCE_S)) as database:
            return database.execute(sql).fetchall()

    def count(self, state: str) -> int:
        """Return the number of jobs in a state."""
        return len(self.query(f"SELECT id FROM production_job WHERE state = '{state}'"))


@pytest.fixture
def place(tmp_path: Path, server: Server) -> Place:
    """Return a folder with a suite and two hosted contenders loaded."""
    prompts = "\n".join(f"  - {{id: p{index}, text: Scene number {index}.}}" for index in range(JOBS // 2))
    (tmp_path / "many.yaml").write_text(
        f"suite: many\ntitle: Many\nlanguage: en\nseeds: [0]\nprompts:\n{prompts}\n"
    )
    (tmp_path / "two.contenders.yaml").write_text(CONTENDERS)
    made = Place(tmp_path, server)
    made.finish("migrate", "-v0")
    made.finish("load_suite", str(tmp_path / "many.yaml"))
    made.finish("load_contenders", str(tmp_path / "two.contenders.yaml"))
    return made


def _kill_midway(place: Place, *, done: int) -> None:
    """Kill the run once so many jobs are done and others are at their providers."""
    process = place.start(*RUN)
    deadline = time.monotonic() + PATIENCE_S
    while place.count("succeeded") < done or not place.count("queued") + place.count("running"):
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.communicate()


def test_a_run_killed_midway_ends_with_each_job_paid_once(place: Place, server: Server) -> None:
    for done in (1, 6, 12):
        _kill_midway(place, done=done)
        assert place.count("succeeded") < JOBS
    assert f"{JOBS} done, 0 failed." in place.finish(*RUN)

    paid_for = "FROM production_submission WHERE request_id IS NOT NULL"
    ledger = {
        str(name): count
        for name, count in place.query(f"SELECT provider, count(*) {paid_for} GROUP BY provider")
    }
    paid = {name: server.faces[name].paid_jobs for name in ("kling", "model-studio")}
    assert ledger == paid == dict.fromkeys(paid, JOBS // 2)
    cost = "SELECT round(sum(cost_usd), 2) FROM production_submission WHERE provider = 'model-studio'"
    assert place.query(cost) == [(round(PRICE_USD * JOBS / 2, 2),)]
    assert place.query("SELECT count(DISTINCT job_id) FROM production_clip") == [(JOBS,)]
    assert place.query("SELECT count(*) FROM production_submission WHERE outcome = 'open'") == [(0,)]


def test_two_runs_at_once_keep_the_caps_of_the_day(place: Place, server: Server) -> None:
    place.environment |= {"MAX_USD_PER_DAY": "3.6"}
    runs = [place.start(*RUN[:3], "happyhorse", *RUN[4:], "--seeds", str(seed)) for seed in (0, 1)]
    told = [process.communicate(timeout=PATIENCE_S)[0] for process in runs]
    assert all("clips were not submitted, as a cap does not allow them" in each for each in told), told
    assert server.faces["model-studio"].paid_jobs == 5
