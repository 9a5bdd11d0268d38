"""Places for clips that are probed, encoded and stored here, of which jobs at providers have far more."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_places = threading.BoundedSemaphore(os.cpu_count() or 1)


def arrange(places: int) -> None:
    """Let at most so many clips of this process be finished at once, from now on."""
    global _places
    _places = threading.BoundedSemaphore(places)


@contextmanager
def finishing() -> Iterator[None]:
    """Take a place for a block; wait for one if all are taken."""
    places = _places
    with places:
        yield
