"""The loop around a run: when it stops, saves and reports, and what it writes."""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from generators.happyhorse.network.kinds import CheckpointKind
from generators.happyhorse.toy.model import save_model
from generators.happyhorse.training.arguments import require_positive
from generators.happyhorse.training.processes import Processes
from generators.happyhorse.training.run import Clips, Run

LOG = "log.jsonl"
_LOG_STEPS = 50

Report = Callable[[Run, Path], Mapping[str, object]]
"""Function that looks at a run, may write files into the folder, and returns values for the log."""


@dataclass(frozen=True)
class Pace:
    """Times at which a run stops, saves and reports."""

    until: float = float("inf")
    """Time on the monotonic clock at which the run stops, in seconds."""
    save_minutes: float = 5.0
    report_minutes: float = 15.0

    def __post_init__(self) -> None:
        require_positive("save-minutes", self.save_minutes, finite=False)
        require_positive("report-minutes", self.report_minutes, finite=False)


def deadline(minutes: float) -> float:
    """Return the time on the monotonic clock so many minutes from now.

    Raises:
        InvalidInput: The number of minutes is not positive; infinity is allowed.
    """
    require_positive("minutes", minutes, finite=False)
    return time.monotonic() + 60 * minutes


def fit(run: Run, clips: Clips, folder: Path, pace: Pace, report: Report | None = None) -> bool:
    """Go on with a run from its saved state, if there is one, until its end or until the time is up.

    Writes state, weights and log into the folder.

    Args:
        run: The run at its start.
        clips: Source of its batches.
        folder: Where its files are; it exists.
        pace: When to stop, to save and to report.
        report: Called by the first process at the end, too.

    Returns:
        Whether the run is at its end.
    """
    if any(file.exists() for file in run.files(folder).values()):
        run.load(folder)
    log = _Log(run, folder / LOG)
    save, look = _Alarm(run.processes, pace.save_minutes), _Alarm(run.processes, pace.report_minutes)
    while run.done < 1 and not run.processes.agree(time.monotonic() > pace.until):
        log.note(run.advance(clips))
        if save.rings():
            _save(run, folder)
        if look.rings():
            log.report(report, folder)
    _save(run, folder)
    log.report(report, folder)
    return run.done >= 1


def weights_path(folder: Path, kind: CheckpointKind) -> Path:
    """Return the path of a kind's weights, such as base.safetensors or 8step.safetensors."""
    return folder / f"{kind.name.removeprefix('toy-')}.safetensors"


def _save(run: Run, folder: Path) -> None:
    run.save(folder)
    if run.processes.first:
        kind, notes = run.step.kind, run.step.notes(run.steps, run.settings)
        save_model(run.mean_model(), kind, weights_path(folder, kind), **notes)


class _Alarm:
    """Alarm that rings once in so many minutes, in all processes at the same step."""

    def __init__(self, processes: Processes, minutes: float) -> None:
        self._processes, self._seconds, self._last = processes, 60 * minutes, time.monotonic()

    def rings(self) -> bool:
        due = self._processes.agree(time.monotonic() - self._last > self._seconds)
        if due:
            self._last = time.monotonic()
        return due


class _Log:
    """Log of a run, one JSON object a line; only the first process writes it."""

    def __init__(self, run: Run, path: Path) -> None:
        self._run, self._path = run, path
        self._clear()

    def note(self, noted: Mapping[str, float]) -> None:
        """Take in one step's values, and write their means every 50 steps."""
        self._steps += 1
        for name, value in noted.items():
            self._noted[name].append(value)
        if self._steps == _LOG_STEPS:
            rate = _LOG_STEPS * self._run.settings.batch / (time.monotonic() - self._since)
            means = {name: np.mean(values) for name, values in self._noted.items()}
            self._write(means | {"samples_per_s": rate})
            self._clear()

    def report(self, report: Report | None, folder: Path) -> None:
        """Write what a report returns."""
        if report is not None and self._run.processes.first:
            self._write(report(self._run, folder))

    def _clear(self) -> None:
        self._steps, self._since = 0, time.monotonic()
        self._noted: dict[str, list[float]] = defaultdict(list)

    def _write(self, values: Mapping[str, object]) -> None:
        if not self._run.processes.first:
            return
        line = self._run.step.head | {"samples": self._run.samples}
        line |= {name: _rounded(value) for name, value in values.items()}
        with self._path.open("a") as log:
            log.write(json.dumps(line) + "\n")


def _rounded(value: object) -> object:
    if isinstance(value, list):
        return [_rounded(part) for part in value]
    return float(f"{value:.4g}")
