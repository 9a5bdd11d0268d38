"""Compute what all threads share once, while the others wait."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import cache, wraps
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def once(function: Callable[P, R]) -> Callable[P, R]:
    """Keep a function's results by its arguments, which must be hashable.

    `functools.cache` lets every thread that comes before the first result compute one of its own: dozens of
    threads that start together would read the same file dozens of times.
    """
    kept = cache(function)
    turn = threading.RLock()

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        with turn:
            return kept(*args, **kwargs)  # type: ignore[arg-type]  # cache is typed for hashable arguments

    return call
