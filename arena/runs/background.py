"""Make a run's clips in a process of its own, so that a page can start it and go on."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

from django.conf import settings

from arena.runs.controls import resume_run
from arena.runs.models import Run

LOGS = "logs"


def start_in_background(run: Run) -> None:
    """Resume a run and start `manage.py make_run` for it; its output goes to a file in `DATA_DIR`.

    The process outlives the web process. Two of them for one run do no harm: each job is claimed once.
    """
    resume_run(run)
    command = [sys.executable, "-m", "arena", "make_run", str(run.pk), "--unless-paused"]
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "arena.settings"}
    log = log_file(run)
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        started = subprocess.Popen(  # noqa: S603 - our own arguments
            command,
            cwd=settings.BASE_DIR,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    # Somebody must take note of its end, or it stays as a zombie for as long as this process runs.
    threading.Thread(target=started.wait, daemon=True).start()


def log_file(run: Run) -> Path:
    """Return the file with the output of the processes that made a run."""
    return Path(settings.DATA_DIR) / LOGS / f"run-{run.pk}.log"
