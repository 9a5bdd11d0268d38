"""Stages of a clip: their times, their progress, and the memory that each gives back."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import torch

T = TypeVar("T")
Progress = Callable[[str, int, int], None]
"""Function of a stage's name, the number of steps done, and the number of all its steps."""


def ignore(stage: str, done: int, steps: int) -> None:
    """Do nothing: the progress that nobody follows."""


@contextmanager
def using_threads(count: int | None) -> Iterator[None]:
    """Run with this many CPU threads; None leaves the number unchanged."""
    before = torch.get_num_threads()
    torch.set_num_threads(count or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def load_outside(load: Callable[[], T]) -> T:
    """Load outside of inference mode, so that weights are ordinary tensors, which can be moved."""
    with torch.inference_mode(False):
        return load()


class Stages:
    """Stages of one clip, which follow one another, and the seconds that each took."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str, steps: int = 1) -> Iterator[Callable[[int, int], None]]:
        """Time a stage; yield the function to call after each step."""
        self.progress(name, 0, steps)
        _settle()
        started = time.monotonic()
        yield lambda done, of: self.progress(name, done, of) if done < of else None
        _settle()
        self.seconds[name] = time.monotonic() - started
        self.progress(name, steps, steps)


def _settle() -> None:
    """Wait for the device, so that each stage has its own time, and free what nothing uses."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
        torch.cuda.empty_cache()
