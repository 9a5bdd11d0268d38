"""A run over workers, a broker and PostgreSQL, each of which is killed midway: every job ends once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.conf import settings

from tests.providers.contract import CONTENDERS, variables
from tests.providers.server import Server as Providers
from tests.servers.postgres import Postgres
from tests.servers.rabbitmq import RabbitMQ
from tests.servers.redis import Redis

pytestmark = pytest.mark.slow
JOBS = 200
SLOTS = 8
PATIENCE_S = 900
RUN = [
    "run_suite", "many", "--contenders", "kling,happyhorse", "--track", "t2v-audio", "--size", "64x64",
    "--fps", "4", "--duration", "3",
]  # fmt: skip
API = ["--queues", "api", "--pool", "threads", "--concurrency", "16"]
MEDIA = ["--queues", "gpu,media", "--pool", "prefork", "--concurrency", "2"]


class Site:
    """Place with a broker, a database, a folder for data, and processes that work on them."""

    def __init__(
        self, folder: Path, broker: Redis | RabbitMQ, database: Postgres, providers: Providers
    ) -> None:
        """Start nothing yet."""
        self.folder = folder
        self.broker = broker
        self.database = database
        self.environment = {
            **os.environ,
            **variables(providers, "kling", folder),
            **variables(providers, "model-studio", folder),
            "CELERY_BROKER_URL": broker.url,
            "DATABASE_URL": database.url,
            "DATA_DIR": str(folder / "data"),
            "HOSTED_POLL_S": "0.3",
            "KLING_CONCURRENCY": str(SLOTS),
            "MODEL_STUDIO_CONCURRENCY": str(SLOTS),
        }
        self.running: list[subprocess.Popen[bytes]] = []

    def start(self, name: str, *command: str) -> subprocess.Popen[bytes]:
        """Start a process, in a group of its own, whose output goes to a file."""
        with (self.folder / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, *command],
                cwd=settings.BASE_DIR,
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.running.append(process)
        return process

    def manage(self, *arguments: str) -> None:
        """Run a command to its end."""
        process = self.start("setup", "manage.py", *arguments)
        assert process.wait(PATIENCE_S) == 0, self.said("setup")

    def work(self, options: list[str]) -> subprocess.Popen[bytes]:
        """Start a worker."""
        quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "warning"]
        name = options[1].replace(",", "-")
        return self.start(name, "-m", "tests.quick_worker", "-n", f"{name}@localhost", *options, *quiet)

    def said(self, name: str) -> str:
        """Return the end of what a process printed."""
        return (self.folder / f"{name}.log").read_text(errors="replace")[-6000:]

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""
        with psycopg.connect(self.database.url, autocommit=True) as connection:
            return connection.execute(sql.encode()).fetchall()

    def count(self, *states: str) -> int:
        """Return the number of jobs in one of the states."""
        shown = ", ".join(f"'{state}'" for state in states)
        return len(self.query(f"SELECT id FROM production_job WHERE state IN ({shown})"))

    def wait_until(self, is_so: Callable[[], bool]) -> None:
        """Wait until something is so."""
        deadline = time.monotonic() + PATIENCE_S
        while not is_so():
            logs = {path.stem: self.said(path.stem) for path in self.folder.glob("*.log")}
            assert time.monotonic() < deadline, "\n".join(f"{name}: {said}" for name, said in logs.items())
            time.sleep(0.05)

    def wait_for_progress(self, done: int) -> None:
        """Wait until so many jobs have succeeded while others are at their providers."""
        self.wait_until(
            lambda: self.count("succeeded") >= done and self.count("submitting", "queued", "running") > 0
        )

    def close(self) -> None:
        """Kill all processes that are left."""
        for process in self.running:
            _kill(process)


def _kill(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.fixture
def folder() -> Iterator[Path]:
    """Return a folder that other users may enter: PostgreSQL runs as one of them under root."""
    with tempfile.TemporaryDirectory() as made:
        Path(made).chmod(0o755)
        yield Path(made)


@pytest.fixture(params=[Redis, RabbitMQ], ids=["redis", "rabbitmq"])
def site(request: pytest.FixtureRequest, folder: Path, server: Providers) -> Iterator[Site]:
    """Start the servers, and load a suite and two hosted contenders."""
    for name in ("broker", "database", "data"):
        (folder / name).mkdir()
    with ExitStack() as stack:
        broker, database = request.param(folder / "broker"), Postgres(folder / "database")
        for each in (broker, database):
            stack.callback(each.close)
            each.start()
        made = Site(folder, broker, database, server)
        stack.callback(made.close)
        prompts = "\n".join(
            f"  - {{id: p{index}, text: Scene number {index}.}}" for index in range(JOBS // 2)
        )
        (folder / "many.yaml").write_text(
            f"suite: many\ntitle: Many\nlanguage: en\nseeds: [0]\nprompts:\n{prompts}\n"
        )
        (folder / "two.contenders.yaml").write_text(CONTENDERS)
        made.manage("migrate", "-v0")
        made.manage("load_suite", str(folder / "many.yaml"))
        made.manage("load_contenders", str(folder / "two.contenders.yaml"))
        yield made


def test_worker_broker_and_database_are_killed_and_every_job_ends_once(site: Site, server: Providers) -> None:
    workers = [site.work(API), site.work(MEDIA)]
    run = site.start("run", "manage.py", *RUN)

    site.wait_for_progress(10)
    for worker in workers:
        _kill(worker)
    workers = [site.work(API), site.work(MEDIA)]

    site.wait_for_progress(60)
    site.broker.restart()

    site.wait_for_progress(110)
    site.database.restart()

    site.wait_until(lambda: run.poll() is not None)
    said = site.said("run")
    assert f"{JOBS} done, 0 failed." in said, said
    _check_jobs(site)
    _check_ledger(site, server)


def _check_jobs(site: Site) -> None:
    assert site.query("SELECT state, count(*) FROM production_job GROUP BY state") == [("succeeded", JOBS)]
    assert site.query("SELECT count(DISTINCT job_id), count(*) FROM production_clip") == [(JOBS, JOBS)]
    ends = "SELECT count(*) FROM production_jobevent WHERE state = 'succeeded'"
    assert site.query(ends) == [(JOBS,)]


def _check_ledger(site: Site, server: Providers) -> None:
    """Compare what was paid by our record with what the providers accepted.

    A worker killed before the provider heard of a submission leaves a void one, which must cost nothing.
    """
    rows = site.query(
        "SELECT provider, count(*) FROM production_submission WHERE request_id IS NOT NULL GROUP BY provider"
    )
    paid = {name: server.faces[name].paid_jobs for name in ("kling", "model-studio")}
    assert dict(rows) == paid == dict.fromkeys(paid, JOBS // 2)
    cost = "SELECT sum(cost_usd) FROM production_submission WHERE provider = 'model-studio'"
    price = cost.replace("sum(cost_usd)", "DISTINCT cost_usd") + " AND request_id IS NOT NULL"
    [(each,)] = site.query(price)
    assert site.query(cost) == [(each * paid["model-studio"],)]
    assert site.query("SELECT count(*) FROM production_submission WHERE outcome = 'open'") == [(0,)]
