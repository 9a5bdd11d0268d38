"""Configuration of gunicorn: `gunicorn -c python:arena.gunicorn_conf arena.wsgi`.

Options on the command line come before these.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
worker_class = "arena.web_worker.PatientWorker"
threads = 4
"""Threads of each worker. With 8, the slowest votes waited three times as long (docs/benchmarks.md)."""
worker_connections = 1000
"""Connections that a worker holds at once. Those that wait cost a socket, not a thread."""

raw_env = [f"OMP_NUM_THREADS={os.environ.get('OMP_NUM_THREADS', '1')}"]
"""Threads of numpy in each worker: the workers fill the cores, and more would wait for each other."""

timeout = 60
"""Seconds after which a worker whose main loop has stopped is replaced."""
graceful_timeout = 30
keepalive = 20
"""Seconds that an idle connection is kept: longer than a proxy keeps its own (docs/nginx.conf)."""

limit_request_line = 4094
limit_request_fields = 64
limit_request_field_size = 8190

control_socket_disable = True
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - heartbeats never wait for a disk

if os.environ.get("LOG_FORMAT") == "json":
    _own = {"handlers": ["console"], "level": "INFO", "propagate": False}
    logconfig_dict = {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": "arena.operations.logs.JsonLines"}},
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "json"}},
        "root": {"handlers": ["console"], "level": "WARNING"},
        "loggers": {"gunicorn.error": _own, "gunicorn.access": _own},
    }

_COUNTS = "PROMETHEUS_MULTIPROC_DIR"
_made: list[str] = []


def on_starting(server: Any) -> None:  # noqa: ANN401 - gunicorn publishes no types
    """Make the folder in which the workers count requests together, unless the environment names one."""
    if _COUNTS not in os.environ:
        _made.append(tempfile.mkdtemp(prefix="paddock-metrics-", dir=worker_tmp_dir))
        os.environ[_COUNTS] = _made[0]


def child_exit(server: Any, worker: Any) -> None:  # noqa: ANN401
    """Forget the gauges of a worker that ended."""
    from prometheus_client import multiprocess

    multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]


def on_exit(server: Any) -> None:  # noqa: ANN401
    """Remove the folder of counts."""
    for folder in _made:
        shutil.rmtree(folder, ignore_errors=True)
