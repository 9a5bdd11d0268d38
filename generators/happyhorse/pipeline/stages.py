"""Times the stages in which a clip is made, tells of them, and hands memory back after each."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch

Progress = Callable[[str, int, int], None]
"""Is told a stage's name, and how many of its steps are done of how many."""


def ignore(stage: str, done: int, steps: int) -> None:
    """Progress that nobody follows."""


@contextmanager
def using_threads(count: int | None) -> Iterator[None]:
    """Has the CPU work with so many threads, or with as many as before."""
    before = torch.get_num_threads()
    torch.set_num_threads(count or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


class Stages:
    """Stages of one clip, one after the other."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str, steps: int = 1) -> Iterator[Callable[[int, int], None]]:
        """Yields what takes note of a step."""
        self.progress(name, 0, steps)
        _settle()
        started = time.monotonic()
        yield lambda done, of: self.progress(name, done, of) if done < of else None
        _settle()
        self.seconds[name] = time.monotonic() - started
        self.progress(name, steps, steps)


def _settle() -> None:
    """Waits for the device, so that each stage has its own time, and gives back what nothing uses."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
        torch.cuda.empty_cache()
