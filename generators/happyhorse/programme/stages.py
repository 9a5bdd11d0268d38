"""Stages with inputs and a result file each, which run one after the other and are resumed.

A stage is done once its file `results/NAME.json` holds a result for the same inputs.
"""

from __future__ import annotations

import json
import platform
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch

from generators.replacing import replacing

Result = Mapping[str, Any]
"""What a stage found, as JSON holds it."""
FAILED = "failed"
"""Key of a result that says why a stage can't be done on this machine."""


class OutOfTime(Exception):
    """The time is up, and everything so far has been written."""


@dataclass(frozen=True)
class Workplace:
    """Where the stages work."""

    out: Path
    """Folder of all files; it exists."""
    device: str
    until: float
    """Time on the monotonic clock at which to stop, in seconds."""

    def require_time(self) -> None:
        """Raise OutOfTime if the time is up."""
        if time.monotonic() > self.until:
            raise OutOfTime

    def record(self, name: str) -> dict[str, Any] | None:
        """Return a stage's record: inputs, result, seconds, date and machine; None if it isn't done."""
        path = self.file(name)
        found: dict[str, Any] | None = json.loads(path.read_text()) if path.exists() else None
        return found

    def file(self, name: str) -> Path:
        """Return the file of a stage's record."""
        return self.out / "results" / f"{name.replace(' ', '-')}.json"


@dataclass(frozen=True)
class Stage:
    """A piece of work."""

    name: str
    inputs: Mapping[str, Any]
    """What decides the result, as JSON holds it."""
    work: Callable[[Workplace], Result]
    """Does the work; raises OutOfTime after it has written what a later call goes on with."""


def run_stages(stages: Iterable[Stage], place: Workplace) -> bool:
    """Run the stages that are not done yet; return whether all are done before the time is up."""
    try:
        for stage in stages:
            if not is_done(stage, place):
                place.require_time()
                _run(stage, place)
    except OutOfTime:
        return False
    return True


def is_done(stage: Stage, place: Workplace) -> bool:
    """Whether a stage has a result for its inputs."""
    record = place.record(stage.name)
    return record is not None and record["inputs"] == json.loads(json.dumps(stage.inputs))


def machine(device: str) -> dict[str, str]:
    """Return the card and the versions that figures were made on."""
    cuda = device.startswith("cuda")
    name = torch.cuda.get_device_name(device) if cuda else platform.processor() or platform.machine()
    return {"card": name, "torch": torch.__version__, "python": platform.python_version()}


def _run(stage: Stage, place: Workplace) -> None:
    started = time.monotonic()
    try:
        result = stage.work(place)
    except torch.OutOfMemoryError as error:
        result = {FAILED: f"out of memory: {str(error).splitlines()[0]}"}
    seconds = time.monotonic() - started
    record = {"inputs": stage.inputs, "result": result, "seconds": round(seconds, 3)}
    date = datetime.now(UTC).isoformat(timespec="seconds")
    record |= {"date": date, "device": place.device, **machine(place.device)}
    file = place.file(stage.name)
    file.parent.mkdir(parents=True, exist_ok=True)
    with replacing(file) as draft:
        draft.write_text(json.dumps(record, indent=1))
