"""Who holds a claim, and whether they are still alive: each process keeps a lock that dies with it."""

from __future__ import annotations

import fcntl
import os
import uuid
from pathlib import Path

from django.conf import settings

_held: dict[int, tuple[str, int]] = {}


def claimant_name() -> str:
    """This process's name on its claims. The first call takes the lock that shows that the process lives."""
    pid = os.getpid()
    if pid not in _held:  # a forked worker must not claim under its parent's name
        name = uuid.uuid4().hex
        descriptor = os.open(_lock_path(name), os.O_CREAT | os.O_RDWR, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        _held[pid] = (name, descriptor)
    return _held[pid][0]


def claimant_is_dead(name: str) -> bool:
    """Whether the process of that name on this machine has ended, be it by `kill -9`.

    A name that this machine never saw may live on another one, so it isn't called dead.
    """
    try:
        descriptor = os.open(_lock_path(name), os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True


def bury(name: str) -> None:
    """Forgets a dead claimant, once nothing is claimed under its name any more."""
    _lock_path(name).unlink(missing_ok=True)


def _lock_path(name: str) -> Path:
    folder = settings.DATA_DIR / "claims"
    folder.mkdir(parents=True, exist_ok=True)
    return Path(folder / name)
