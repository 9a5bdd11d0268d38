"""Transactions of threads, one after the other where the database takes one writer at a time."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from django.db import connection, transaction

_turn = threading.Lock()
_sync = getattr(os, "fdatasync", os.fsync)  # macOS has no fdatasync


@contextmanager
def short_transaction() -> Iterator[None]:
    """Open a transaction once no other thread of this process has one; it is on the disk afterwards.

    SQLite's own wait for its lock sleeps longer each time: dozens of threads spend seconds in it. Nothing is
    sent or encoded inside. Inside another transaction this is a savepoint and waits for nobody.
    """
    if connection.vendor == "sqlite" and not connection.in_atomic_block:
        with _turn, _unsynced(), transaction.atomic():
            yield
        _sync_log()
    else:
        with transaction.atomic():
            yield


@contextmanager
def _unsynced() -> Iterator[None]:
    """Let SQLite commit without waiting for the disk, which `_sync_log` does when others have their turn."""
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA synchronous=NORMAL")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA synchronous=FULL")


def _sync_log() -> None:
    """Wait until the write-ahead log is on the disk.

    Closing one of SQLite's other files would drop the locks that it holds on them; the log has none.
    """
    with suppress(FileNotFoundError):  # a database in memory has none
        log = os.open(f"{connection.settings_dict['NAME']}-wal", os.O_RDWR)
        try:
            _sync(log)
        finally:
            os.close(log)
