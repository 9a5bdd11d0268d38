"""Readings of the memory that was taken at most, and what they correct in the estimates."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from generators.base import InvalidInput
from generators.replacing import replacing

_STATUS, _REFERENCES = Path("/proc/self/status"), Path("/proc/self/clear_refs")
_RESET_PEAK = "5"
"""What the kernel takes to set a process's peak to what it holds (proc_pid_clear_refs(5))."""


@dataclass(frozen=True)
class Reading:
    """Memory of one stage, beside its weights."""

    stage: str
    """`denoising` or `decoding`."""
    estimate: int
    """Bytes as estimated."""
    peak: int
    """Bytes as measured."""
    device: str
    """Name of the card."""


@dataclass(frozen=True)
class Calibration:
    """Factors by which estimates are corrected: 1 or more."""

    denoising: float = 1.0
    decoding: float = 1.0


UNCALIBRATED = Calibration()


def calibrate(readings: Iterable[Reading]) -> Calibration:
    """Return, for each stage, the largest ratio of a peak to its estimate; 1 if no peak was above it."""
    most = {"denoising": 1.0, "decoding": 1.0}
    for reading in readings:
        if reading.estimate > 0:
            most[reading.stage] = max(most[reading.stage], reading.peak / reading.estimate)
    return Calibration(**most)


def read_readings(path: Path) -> list[Reading]:
    """Read the file that `reproduce` writes.

    Raises:
        InvalidInput: It is missing or damaged.
    """
    try:
        readings = [Reading(**entry) for entry in json.loads(path.read_text())]
    except (OSError, ValueError, TypeError) as error:
        raise InvalidInput(
            f"peaks must be a file that reproduce wrote; got {path} ({error}). Leave it out."
        ) from error
    if strange := {reading.stage for reading in readings} - {"denoising", "decoding"}:
        raise InvalidInput(f"peaks must be of denoising and decoding; got {strange.pop()!r} in {path}.")
    return readings


def write_readings(readings: Sequence[Reading], path: Path) -> None:
    """Write readings for `read_readings`."""
    with replacing(path) as draft:
        draft.write_text(json.dumps([asdict(reading) for reading in readings], indent=1))


class Peak:
    """Most bytes that were held at once, once the block has ended; None where nothing tells."""

    size: int | None = None


@contextmanager
def measured_peak(device: torch.device) -> Iterator[Peak]:
    """Measure how many bytes a block takes at most beyond those that are held at its start.

    A GPU's are those of PyTorch's tensors; a CPU's are those of the whole process, where Linux tells.
    """
    peak = Peak()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
        held = torch.cuda.memory_allocated(device)
        torch.cuda.reset_peak_memory_stats(device)
        yield peak
        torch.cuda.synchronize(device)
        peak.size = torch.cuda.max_memory_allocated(device) - held
        return
    before = _resident("VmRSS") if _reset() else None
    yield peak
    after = _resident("VmHWM")
    if before is not None and after is not None:
        peak.size = max(after - before, 0)


def _reset() -> bool:
    if not os.access(_REFERENCES, os.W_OK):
        return False
    _REFERENCES.write_text(_RESET_PEAK)
    return True


def _resident(field: str) -> int | None:
    """Return a field of the process's status in bytes."""
    found = (
        re.search(rf"^{field}:\s+(\d+) kB$", _STATUS.read_text(), re.MULTILINE) if _STATUS.exists() else None
    )
    return None if found is None else 1024 * int(found.group(1))
