"""Name the process that holds a claim, and tell whether it is alive: its lock ends with it."""

from __future__ import annotations

import fcntl
import os
import threading
import uuid
from pathlib import Path

from django.conf import settings

_held: dict[int, tuple[Path, int]] = {}
_taking = threading.Lock()


def claimant_name() -> str:
    """Return this process's name on its claims. The first call takes the lock that shows it alive."""
    pid = os.getpid()  # a forked worker must not claim under its parent's name
    with _taking:
        if pid not in _held:
            _held[pid] = _take_lock()
        return _held[pid][0].name


def retire() -> None:
    """Remove this process's lock once it holds no claim; its next claim has another name."""
    with _taking:
        path, descriptor = _held.pop(os.getpid(), (None, -1))
        if path is not None:
            path.unlink(missing_ok=True)
            os.close(descriptor)


def dead_claimants() -> list[str]:
    """Return the names of this machine's processes that ended without retiring, such as by `kill -9`.

    Processes of other machines have no lock here, so they can't be told dead from here.
    """
    return [path.name for path in _folder().glob("[!.]*") if _is_free(path)]


def living_claimants() -> list[str]:
    """Return the names of this machine's processes that hold their lock."""
    return [path.name for path in _folder().glob("[!.]*") if not _is_free(path)]


def bury(name: str) -> None:
    """Forget a dead claimant once nothing is claimed under its name."""
    (_folder() / name).unlink(missing_ok=True)


def _take_lock() -> tuple[Path, int]:
    path = _folder() / uuid.uuid4().hex
    draft = path.with_name(f".{path.name}")  # hidden until it is locked: else a live process might be buried
    descriptor = os.open(draft, os.O_CREAT | os.O_RDWR, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    draft.rename(path)
    return path, descriptor


def _is_free(path: Path) -> bool:
    try:
        descriptor = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True


def _folder() -> Path:
    folder = Path(settings.DATA_DIR / "claims")
    folder.mkdir(parents=True, exist_ok=True)
    return folder
