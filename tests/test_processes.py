"""A whole site without Docker: the commands of compose.yaml on PostgreSQL, Redis and gunicorn."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from random import Random
from typing import NamedTuple
from urllib.request import urlopen

import pytest
import yaml

from tests.factories_serving import ROOT, await_port, environment, free_port
from tests.factories_webhooks import Receiver, receiving
from tests.load.browser import Browser, Times
from tests.servers.postgres import Postgres
from tests.servers.redis import Redis

SERVICES = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"]
STUDY = "processes"
PROMPTS = 5
RATERS = 20
VOTES_EACH = 10
PATIENCE_S = 120
MANAGE = """
import json, sys
from django.core.management import execute_from_command_line
for words in json.loads(sys.argv[1]):
    execute_from_command_line(words)
"""


class Site(NamedTuple):
    """Folder and environment of a site on servers of its own."""

    folder: Path
    given: dict[str, str]
    receiver: Receiver

    def manage(self, *commands: str) -> str:
        """Run management commands in one process, one after the other; return what they printed."""
        words = json.dumps([["manage.py", *shlex.split(command)] for command in commands])
        done = subprocess.run(
            [sys.executable, "-c", MANAGE, words], env=self.given, cwd=ROOT, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    @contextmanager
    def running(self, name: str, port: int) -> Iterator[subprocess.Popen[bytes]]:
        """Start a service of compose.yaml here, on another port and in another folder."""
        command = SERVICES[name]["command"].replace("0.0.0.0:8000", f"127.0.0.1:{port}")
        words = shlex.split(command.replace("/data/", f"{self.folder}/"))
        with (self.folder / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(words, env=self.given, cwd=ROOT, stdout=log, stderr=log)
            try:
                yield process
            finally:
                process.terminate()
                process.wait(60)


@pytest.fixture
def site() -> Iterator[Site]:
    with tempfile.TemporaryDirectory() as made, ExitStack() as stack:
        folder = Path(made)
        folder.chmod(0o755)  # PostgreSQL's own user enters it
        servers = []
        for kind in (Postgres, Redis):
            (folder / kind.__name__).mkdir()
            server = kind(folder / kind.__name__)
            stack.callback(server.close)
            server.start()
            servers.append(server)
        receiver = stack.enter_context(receiving())
        yield Site(folder, _environment(folder, servers[0].url, servers[1].url, receiver), receiver)


def _environment(folder: Path, database: str, broker: str, receiver: Receiver) -> dict[str, str]:
    return environment(
        folder / "data",
        DATABASE_URL=database,
        CELERY_BROKER_URL=broker,
        PADDOCK_ENVIRONMENT="production",
        SECRET_KEY="a key for this test alone " * 3,
        ALLOWED_HOSTS="127.0.0.1",
        SECURE_SSL_REDIRECT="0",
        WATCHING_REQUIRED="0",
        RENDITION_VARIANTS="1",
        ANSWERS_PER_MINUTE="0",
        ANSWERS_PER_MINUTE_AND_ADDRESS="0",
        NEW_RATERS_PER_HOUR_AND_ADDRESS="0",
        WEBHOOK_PRIVATE_ORIGINS=receiver.origin,
        PATH=f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        PYTHONWARNINGS="ignore",
    )


@pytest.mark.slow
def test_the_processes_of_compose_make_clips_take_two_hundred_votes_and_send_a_webhook(site: Site) -> None:
    port = free_port()
    prepare = SERVICES["prepare"]["command"].replace("paddock", f"{shlex.quote(sys.executable)} manage.py")
    subprocess.run(shlex.split(prepare), env=site.given, cwd=ROOT, check=True, capture_output=True)
    with (
        site.running("web", port) as web,
        site.running("worker", port) as worker,
        site.running("beat", port) as beat,
    ):
        await_port(port, web)
        _make_study(site)
        with ThreadPoolExecutor(1) as thread:  # tests in browsers leave an event loop in this one
            thread.submit(asyncio.run, _vote(port)).result()
        _check_watching(site, port)
        site.manage(f"close_study {STUDY}")
        _await(lambda: bool(site.receiver.bodies), "beat and the worker send the webhook")
        assert [process.poll() for process in (web, worker, beat)] == [None, None, None]
    told = site.receiver.bodies[0]["data"]
    assert (told["study"], told["ledger"]["entries"]) == (STUDY, RATERS * VOTES_EACH + 2)
    verified = site.manage("list_studies", f"verify_ledger {STUDY}")
    assert "200 votes" in verified
    assert told["ledger"]["head"] in verified


def _make_study(site: Site) -> None:
    """Have the worker make the clips of two contenders, open a study of them, and add a webhook."""
    suite = yaml.safe_load((ROOT / "suites" / "toy-world.yaml").read_text(encoding="utf-8"))
    (site.folder / "few.yaml").write_text(
        yaml.safe_dump({**suite, "suite": "few", "prompts": suite["prompts"][:PROMPTS]}), encoding="utf-8"
    )
    printed = site.manage(
        f"load_suite {site.folder}/few.yaml",
        "load_contenders suites/toy-world.contenders.yaml",
        "run_suite few --contenders truth,stutter --track t2v-audio --size 128x128 --duration 1 --fps 12",
        f"create_study {STUDY} --title Few --tracks t2v-audio --suites few --contenders truth,stutter",
        f"webhook add {site.receiver.origin}/hook --events study.closed",
    )
    [site.receiver.secret] = re.findall(r"whsec_\S+", printed)


async def _vote(port: int) -> None:
    await asyncio.gather(*(_cast(Browser(port, STUDY, Times(), Random(seed))) for seed in range(RATERS)))


async def _cast(browser: Browser) -> None:
    for _ in range(VOTES_EACH):
        await browser.cycle()
    browser.close()


def _check_watching(site: Site, port: int) -> None:
    """Check what a container's health check and Prometheus see."""
    with urlopen(f"http://127.0.0.1:{port}/health/") as answer:
        assert json.load(answer)["parts"] == {"database": "up", "storage": "up", "broker": "up"}
    with urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        assert f'paddock_ledger_entries{{study="{STUDY}"}} 201.0'.encode() in answer.read()
    probed = [sys.executable, "-m", "arena.operations.probe", str(port)]
    assert subprocess.run(probed, env=site.given, cwd=ROOT).returncode == 0


def _await(found: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not found():
        assert time.monotonic() < deadline, what
        time.sleep(0.2)
