"""Runs of the toy world and their manifests, read and edited as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from io import StringIO
from pathlib import Path
from typing import Any

from django.core.management import call_command

from arena.catalog.models import Contender, Suite
from arena.runs.driver import produce
from arena.runs.models import Job, Run
from arena.runs.runs import plan_run
from generators.base import Track
from tests.factories import make_contender, make_suite
from tests.factories_runs import SMALL


def make_finished_run(
    suite: Suite | None = None, contenders: Sequence[Contender] = (), track: Track = Track.T2V_AUDIO
) -> Run:
    """Make the clips of a run; by default, one clip of the toy world."""
    rows = contenders or [make_contender("truth")]
    run = plan_run(
        suite=suite or make_suite("suite"), contenders=rows, seeds=[], track=track, clip_settings=SMALL
    )
    states = produce(run, workers=1, report=lambda _: None)
    assert states == {Job.State.SUCCEEDED: run.jobs.count()}
    return run


def make_two() -> list[Contender]:
    """Make two contenders of the toy world."""
    return [make_contender("truth"), make_contender("stutter", settings={"flaw": "stutter"})]


def export_manifest(run: Run, path: Path) -> list[dict[str, Any]]:
    """Export a run's manifest to a file, and return its lines."""
    call_command("export_run", str(run.pk), output=path, stdout=StringIO())
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def write_lines(path: Path, lines: Sequence[object]) -> None:
    """Write a manifest of these lines."""
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")


def verify(path: Path) -> list[str]:
    """Verify a manifest, and return the lines that the command says."""
    out = StringIO()
    call_command("verify_run", path, workers=1, stdout=out)
    return out.getvalue().splitlines()
