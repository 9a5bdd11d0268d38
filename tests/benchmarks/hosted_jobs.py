"""Throughput of jobs at a provider, in one process: `python -m tests.benchmarks.hosted_jobs`.

The provider is a process of its own. It takes as many jobs at once as it has slots, refuses more, and ends
each after the same latency. Ideal is jobs / slots × latency. Encoding and storing are left out.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

from tests.providers.clips import make_clips
from tests.providers.face import KEY, Job, Received, Reply, Route, State
from tests.providers.faces.fal import FalFace
from tests.providers.server import Server

MOST = 1.15
"""Allowed ratio of the measured time to the ideal one."""
POLL_S = 0.5
PAGE_BYTES = resource.getpagesize()


class TimedFal(FalFace):
    """fal with slots, whose jobs take their time whoever asks."""

    latency_s = 2.0
    slots = 32
    most_at_once = 0
    refused = 0

    def _create(self, route: Route, request: Received, match: object) -> Reply:
        now = time.time()
        latest = list(self.jobs.values())[-self.slots :]
        running = sum(now - job.created_at < self.latency_s for job in latest)
        if running >= self.slots:
            self.refused += 1
            return self.problem("rate")
        self.most_at_once = max(self.most_at_once, running + 1)
        return super()._create(route, request, match)  # type: ignore[arg-type]

    def _state(self, job: Job) -> State:
        return "succeeded" if time.time() - job.created_at >= self.latency_s else "running"

    def poll(self, job: Job) -> State:
        """Return a job's state by the clock."""
        job.polls += 1
        return self._state(job)


def serve(latency_s: float, slots: int) -> None:
    """Serve until the standard input is closed; print the address first and the counts last."""
    with tempfile.TemporaryDirectory() as folder:
        server = Server(make_clips(Path(folder)))
        face = TimedFal(server.faces["fal"].clips, server.origin, server.faces["fal"].foreign_origin)
        face.latency_s, face.slots = latency_s, slots
        server.faces["fal"] = face
        with server.running():
            _print(face.base_url)
            sys.stdin.read()
            _print(f"{face.paid_jobs} {face.most_at_once} {face.refused}")


@contextmanager
def provider(latency_s: float, slots: int) -> Iterator[tuple[str, list[int]]]:
    """Run the provider; yield its address, and a list that has its counts after the block."""
    command = [sys.executable, "-m", "tests.benchmarks.hosted_jobs", "--serve"]
    options = ["--latency", str(latency_s), "--slots", str(slots)]
    with subprocess.Popen(
        [*command, *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        counts: list[int] = []
        yield process.stdout.readline().strip(), counts
        counts.extend(map(int, process.communicate()[0].split()))


class Measured(NamedTuple):
    """What the jobs took."""

    wall_s: float
    cpu_s: float
    """CPU time of this process; on a loaded machine it tells more than the clock."""
    memory: list[int]
    """Resident bytes after each tenth of the jobs."""


def measure(jobs: int, slots: int, folder: Path, base_url: str) -> Measured:
    """Make the jobs, on a database of their own."""
    os.environ |= {
        "DATA_DIR": str(folder),
        "DJANGO_SETTINGS_MODULE": "arena.settings",
        "FAL_BASE_URL": base_url,
        "FAL_KEY": KEY,
        "FAL_CONCURRENCY": str(slots),
        "HOSTED_POLL_S": str(POLL_S),
    }
    os.environ.pop("DATABASE_URL", None)
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    return _produce(jobs, slots)


def _produce(jobs: int, slots: int) -> Measured:
    from arena.runs import clips
    from arena.runs.claims import finish_job
    from arena.runs.clip_settings import ClipSettings
    from arena.runs.driver import produce
    from arena.runs.models import Job as Row
    from arena.runs.runs import plan_run
    from generators.base import Track
    from tests.factories import make_contender, make_suite

    contender = make_contender("fal", generator="fal", settings={"model": "happyhorse-1.0"})
    run = plan_run(
        suite=make_suite("many", prompts=jobs),
        contenders=[contender],
        seeds=[],
        track=Track.T2V_AUDIO,
        clip_settings=ClipSettings(duration_s=5.0, width=128, height=72, fps=24),
    )
    memory: list[int] = []

    def report(states: Counter[str]) -> None:
        if states[Row.State.SUCCEEDED] >= len(memory) * jobs / 10:
            memory.append(_resident_bytes())

    with patch.object(clips, "_finish", lambda job, made, folder: finish_job(job=job)):
        began, cpu_began = time.monotonic(), time.process_time()
        states = produce(run, workers=2, concurrency=slots, report=report)
        took = Measured(time.monotonic() - began, time.process_time() - cpu_began, memory)
    assert states == {Row.State.SUCCEEDED: jobs}, states
    return took


def _resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE_BYTES


def _print(text: str) -> None:
    print(text, flush=True)  # noqa: T201


def main() -> None:
    """Run the provider and the jobs, and print what was measured beside what is allowed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=1000)
    parser.add_argument("--slots", type=int, default=32)
    parser.add_argument("--latency", type=float, default=2.0)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        serve(given.latency, given.slots)
        return
    with tempfile.TemporaryDirectory() as folder, provider(given.latency, given.slots) as (url, counts):
        took = measure(given.jobs, given.slots, Path(folder), url)
    ideal = given.jobs / given.slots * given.latency
    paid, most, refused = counts
    ratio = f"{took.wall_s / ideal:.3f} of the ideal {ideal:.1f} s (at most {MOST})"
    _print(f"{given.jobs} jobs in {took.wall_s:.1f} s, {ratio}")
    _print(f"CPU of this process {took.cpu_s:.1f} s, {1000 * took.cpu_s / given.jobs:.0f} ms a job")
    _print(f"paid jobs {paid}; at once at most {most} of {given.slots}; refused {refused}")
    shown = ", ".join(f"{size / 2**20:.0f}" for size in took.memory)
    _print(f"resident MiB after each tenth: {shown}")
    _print(f"load of the machine at the end: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
