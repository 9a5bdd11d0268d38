"""A web server for tests: gunicorn in its own process, on a free port of this machine."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOREIGN = (
    "DATABASE_URL",
    "SECRET_KEY",
    "ALLOWED_HOSTS",
    "PADDOCK_ENVIRONMENT",
    "SECURE_SSL_REDIRECT",
    "WEB_CONCURRENCY",
)
START_S = 120


def environment(data: Path, **given: str) -> dict[str, str]:
    """Return the environment of a process with data of its own."""
    kept = {name: value for name, value in os.environ.items() if name not in FOREIGN}
    return {**kept, "DATA_DIR": str(data), "DJANGO_SETTINGS_MODULE": "arena.settings", **given}


def manage(data: Path, *arguments: str, **given: str) -> subprocess.CompletedProcess[str]:
    """Run a management command of a site with data of its own."""
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        env=environment(data, **given),
        cwd=ROOT,
        capture_output=True,
        text=True,
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def await_port(port: int, process: subprocess.Popen[bytes]) -> None:
    """Wait until a server listens, or fail when its process has ended."""
    for _ in range(START_S * 10):
        assert process.poll() is None, "the server ended"
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError("the server doesn't listen")


@contextmanager
def gunicorn(
    application: str, config: str, given: Mapping[str, str], *options: str
) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """Serve a WSGI application; yield its port and its master process."""
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "-c", config, application, "--log-level", "critical"]
    bound = [*command, "--bind", f"127.0.0.1:{port}", *options]
    master = subprocess.Popen(bound, env=dict(given), cwd=ROOT)
    try:
        await_port(port, master)
        yield port, master
    finally:
        master.terminate()
        master.wait(60)
