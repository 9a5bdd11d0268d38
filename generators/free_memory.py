"""Memory that a device, the machine or a container has left."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

GIB = 2**30


def free_bytes(device: torch.device) -> int | None:
    """Return the bytes that are free on a device; None if it can't be known."""
    if device.type == "cuda":
        import torch

        return torch.cuda.mem_get_info(device)[0]
    return free_main_memory() if device.type == "cpu" else None


def free_main_memory(root: Path = Path("/")) -> int | None:
    """Return the bytes left on the machine, or in the container if that is less; None if neither says.

    Args:
        root: Folder that holds `proc` and `sys`.
    """
    left = [*_machine_left(root / "proc/meminfo"), *_container_left(root)]
    return max(min(left), 0) if left else None


def _machine_left(meminfo: Path) -> Iterator[int]:
    if meminfo.is_file():
        lines = dict(line.split(":", 1) for line in meminfo.read_text().splitlines() if ":" in line)
        yield int(lines["MemAvailable"].split()[0]) * 1024


def _container_left(root: Path) -> Iterator[int]:
    """Yield the bytes left in each control group around this process, from its own to the outermost."""
    groups = root / "proc/self/cgroup"
    for line in groups.read_text().splitlines() if groups.is_file() else ():
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            files, mount = _V2, root / "sys/fs/cgroup"
        elif "memory" in controllers.split(","):
            files, mount = _V1, root / "sys/fs/cgroup/memory"
        else:
            continue
        # A container may be told its group's path outside, but see its own group as the mount itself.
        own = mount / path.strip("/")
        for folder in (own, *own.parents):
            yield from files.left(folder)
            if folder == mount:
                break


@dataclass(frozen=True)
class _GroupFiles:
    """Files of one version of control groups that hold memory limits and usage."""

    limit: str
    usage: str
    cache: str
    """Entry in memory.stat for file caches, which the kernel gives back before it refuses more."""

    def left(self, group: Path) -> Iterator[int]:
        """Yield the bytes left in a group, if it has a limit."""
        if not (group / self.limit).is_file() or not (group / self.usage).is_file():
            return
        limit = (group / self.limit).read_text().strip()
        if limit != "max":
            yield int(limit) - int((group / self.usage).read_text()) + self._cached(group / "memory.stat")

    def _cached(self, stat: Path) -> int:
        lines = stat.read_text().splitlines() if stat.is_file() else []
        return int(dict(line.split(" ", 1) for line in lines).get(self.cache, 0))


_V2 = _GroupFiles("memory.max", "memory.current", "inactive_file")
_V1 = _GroupFiles("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
