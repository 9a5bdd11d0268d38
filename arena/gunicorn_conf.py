"""Configuration of gunicorn: `gunicorn -c python:arena.gunicorn_conf arena.wsgi`.

Options on the command line come before these.
"""

from __future__ import annotations

import os
from pathlib import Path

workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
worker_class = "arena.web_worker.PatientWorker"
threads = 8
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
