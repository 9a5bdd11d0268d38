"""Run generators in this process, and keep each of them for the next order."""

from __future__ import annotations

import json
import os
import queue
import threading
from collections.abc import Mapping
from multiprocessing.connection import Connection

from generators import registry
from generators.answers import Order, answer
from generators.base import Generator


class Residents:
    """Generators that stay loaded between orders, with their manifests and models."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[object, Generator]] = {}

    def create(self, name: str, settings: Mapping[str, object]) -> Generator:
        """Return the kept generator with these settings, or a new one if a file that they name changed."""
        key = json.dumps([name, settings], sort_keys=True)
        stamps = _stamps(settings)
        known_stamps, generator = self._known.get(key, (None, None))
        if generator is None or known_stamps != stamps:
            generator = registry.create(name, settings)
            self._known[key] = (stamps, generator)
        return generator


def serve(descriptor: int) -> None:
    """Answer the orders that come through a socket, until its other end is closed."""
    os.set_inheritable(descriptor, False)  # a generator's own child processes must not hold it open
    connection = Connection(descriptor)
    orders: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_receive, args=(connection, orders), daemon=True).start()
    residents = Residents()
    while True:
        connection.send_bytes(answer(Order.decode(orders.get()), residents.create))


def _receive(connection: Connection, orders: queue.SimpleQueue[bytes]) -> None:
    """Read orders in a thread; end the process, busy or not, once the other end is closed."""
    while True:
        try:
            orders.put(connection.recv_bytes())
        except (EOFError, OSError):
            os._exit(0)


def _stamps(settings: Mapping[str, object]) -> list[tuple[int, int, int]]:
    """Return size, time and identity of each file that a setting names."""
    named = [_stamp(value) for value in settings.values() if isinstance(value, str)]
    return [stamp for stamp in named if stamp is not None]


def _stamp(path: str) -> tuple[int, int, int] | None:
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    return found.st_size, found.st_mtime_ns, found.st_ino
