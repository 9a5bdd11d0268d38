"""Pause threads that wait for providers, so that Ctrl-C ends them at once."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

from generators.isolated import Stopped

_halted = threading.Event()
_change = threading.Condition()
_freed: Counter[str] = Counter()
_gates: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)


def pause(seconds: float) -> None:
    """Wait.

    Raises:
        Stopped: `halt` was called before the time was over.
    """
    if _halted.wait(seconds):
        raise Stopped("The wait was ended: the run was stopped.")


def halt() -> None:
    """End all waits, and refuse new ones until `go_on`."""
    _halted.set()
    with _change:
        _change.notify_all()


def go_on() -> None:
    """Allow waits again."""
    _halted.clear()


@contextmanager
def passing(provider: str, patience_s: float | None) -> Iterator[bool]:
    """Take the turn of those who look for a slot at a provider: one looks, the others queue behind it.

    Args:
        provider: the provider.
        patience_s: longest wait for the turn; None waits as long as it takes.

    Yields:
        Whether it is this one's turn.
    """
    with _change:
        gate = _gates[provider]
    is_open = gate.acquire(timeout=-1 if patience_s is None else patience_s)
    try:
        yield is_open
    finally:
        if is_open:
            gate.release()


def count_freed(provider: str) -> int:
    """Return how many slots of a provider this process has freed so far."""
    return _freed[provider]


def announce_slot(provider: str) -> None:
    """Wake the thread that waits for a slot of a provider."""
    with _change:
        _freed[provider] += 1
        _change.notify_all()


def wait_for_slot(provider: str, seen: int, seconds: float) -> None:
    """Wait until this process has freed another slot, or for a time: other processes tell nothing.

    Args:
        provider: the provider.
        seen: `count_freed` before the slots were counted, so that none that is freed meanwhile is missed.
        seconds: longest wait.

    Raises:
        Stopped: `halt` was called.
    """
    with _change:
        _change.wait_for(lambda: _freed[provider] != seen or _halted.is_set(), seconds)
    pause(0)
