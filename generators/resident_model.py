"""One model that stays loaded between clips: two large ones would not fit into memory side by side."""

from __future__ import annotations

import gc
import sys
import threading
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import TypeVar, cast

T = TypeVar("T")


class ResidentModel:
    """Place for one loaded model, whichever generator it belongs to."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._key: Hashable = None
        self._model: object = None

    @contextmanager
    def using(self, key: Hashable, load: Callable[[], T]) -> Iterator[T]:
        """Provide the model with this key; while the block runs, no other thread uses or replaces it.

        Args:
            key: What decides how the model is loaded, with the generator's name.
            load: Loads the model. It is called if another model, or none, is there; that one is let go first.
        """
        with self._lock:
            if self._key != key:
                self.release()
                self._model, self._key = load(), key
            yield cast(T, self._model)

    def release(self) -> None:
        """Let go of the model, and give its memory back to the device."""
        with self._lock:
            self._key = self._model = None
            gc.collect()
            torch = sys.modules.get("torch")
            if torch is not None and torch.cuda.is_available():
                torch.cuda.empty_cache()


RESIDENT = ResidentModel()
"""The model that this process keeps loaded."""
