"""Pause threads that wait for providers, so that Ctrl-C ends them at once."""

from __future__ import annotations

import threading

from generators.isolated import Stopped

_halted = threading.Event()
_freed = threading.Condition()


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
    announce_slot()


def go_on() -> None:
    """Allow waits again."""
    _halted.clear()


def wait_for_slot(seconds: float) -> None:
    """Wait until a job of this process has left its provider, or for a time: other processes tell nothing.

    Raises:
        Stopped: `halt` was called.
    """
    with _freed:
        _freed.wait(seconds)
    pause(0)


def announce_slot() -> None:
    """Wake those that wait for a slot."""
    with _freed:
        _freed.notify_all()
