"""Transactions of threads, one after the other where the database takes one writer at a time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from django.db import connection, transaction

_turn = threading.Lock()


@contextmanager
def short_transaction() -> Iterator[None]:
    """Open a transaction once no other thread of this process has one.

    SQLite's own wait for its lock sleeps longer each time: dozens of threads spend seconds in it. Nothing is
    sent or encoded inside. Inside another transaction this is a savepoint and waits for nobody.
    """
    is_single = connection.vendor == "sqlite" and not connection.in_atomic_block
    with _turn if is_single else nullcontext(), transaction.atomic():
        yield
