"""A Celery worker as a process of its own, with processes under it and beat beside it."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from django.conf import settings

from tests.factories_strangers import write_stranger

pytestmark = pytest.mark.slow
PATIENCE_S = 120

LEFT_BEHIND = """
import django; django.setup()
from arena.runs.models import Job
from tests.factories_runs import make_dead_claimant, make_running_job
for slug, generator, settings in (
    ("good", "stranger", {}), ("hangs", "stranger", {"how": "hang"}), ("deaf", "stranger", {"how": "deaf"}),
):
    job = make_running_job(make_dead_claimant(), attempts=0)
    job.contender.slug, job.contender.generator, job.contender.settings = slug, generator, settings
    job.contender.save()
"""
WORKER = """
import json, sys
from arena.celery import app
app.conf.update(json.loads(sys.argv[1]))
options = ["--concurrency", "1", "--loglevel", "error", "--without-gossip", "--without-mingle"]
app.worker_main(["worker", "--beat", "--schedule", sys.argv[2], *options])
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Return an environment with its own database and data folder, and generators inside the worker."""
    inherited = {key: value for key, value in os.environ.items() if key != "DATABASE_URL"}
    return inherited | {
        "DATA_DIR": str(tmp_path / "data"),
        "DJANGO_SETTINGS_MODULE": "arena.settings",
        "CELERY_BROKER_URL": "filesystem://",
        "GENERATORS_IN_PROCESS": "true",
        "JOB_MAX_ATTEMPTS": "2",
        "PYTHONPATH": os.pathsep.join([str(settings.BASE_DIR), str(write_stranger(tmp_path / "site"))]),
    }


@pytest.fixture
def worker(tmp_path: Path, environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """Start a worker after one that died with three jobs; its time limits are 5 s and 8 s."""
    for arguments in (["manage.py", "migrate", "-v0"], ["-c", LEFT_BEHIND]):
        subprocess.run([sys.executable, *arguments], env=environment, cwd=settings.BASE_DIR, check=True)
    queue = tmp_path / "queue"
    queue.mkdir()
    names = ("data_folder_in", "data_folder_out", "control_folder")
    changed = {
        "broker_transport_options": dict.fromkeys(names, str(queue)),
        "task_soft_time_limit": 5,
        "task_time_limit": 8,
        "beat_schedule": {"requeue": {"task": "production.requeue_abandoned", "schedule": 1.0}},
    }
    command = [sys.executable, "-c", WORKER, json.dumps(changed), str(tmp_path / "beat")]
    with subprocess.Popen(command, env=environment, cwd=tmp_path, start_new_session=True) as process:
        yield process
        os.killpg(process.pid, signal.SIGKILL)


def _outcomes(folder: Path) -> dict[str, tuple[str, int, str]]:
    sql = (
        "SELECT slug, state, attempts, error_kind FROM production_job"
        " JOIN catalog_contender ON catalog_contender.id = contender_id"
    )
    with closing(sqlite3.connect(folder / "paddock.sqlite3", timeout=30)) as database:
        return {slug: (state, attempts, kind) for slug, state, attempts, kind in database.execute(sql)}


def test_a_worker_makes_what_a_dead_one_left_and_gives_up_what_exceeds_its_time(
    tmp_path: Path, worker: subprocess.Popen[bytes]
) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while any(state in ("planned", "running") for state, _, _ in _outcomes(tmp_path / "data").values()):
        assert worker.poll() is None
        assert time.monotonic() < deadline, _outcomes(tmp_path / "data")
        time.sleep(0.2)
    assert _outcomes(tmp_path / "data") == {
        "good": ("failed", 1, "unusable_media"),  # as far as the stranger's file gets
        "hangs": ("failed", 2, "timeout"),
        "deaf": ("failed", 2, "interrupted"),
    }
