"""Short transactions of threads: each is on the disk when it returns, and none waits for another's disk."""

from __future__ import annotations

import pytest
from django.db import connection, transaction

from arena.catalog.models import Suite
from arena.runs import turns
from arena.runs.turns import short_transaction
from tests.factories import make_suite

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL takes many writers at once"),
]


def _synchronous() -> int:
    with connection.cursor() as cursor:
        return int(cursor.execute("PRAGMA synchronous").fetchone()[0])


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[tuple[bool, bool]]:
    """Note at each sync of the log whether the turn is over and the row is committed."""
    noted: list[tuple[bool, bool]] = []
    real = turns._sync

    def note(log: int) -> None:
        noted.append((not turns._turn.locked(), Suite.objects.exists()))
        real(log)

    monkeypatch.setattr(turns, "_sync", note)
    return noted


def test_the_log_is_synced_after_the_commit_and_the_turn(synced: list[tuple[bool, bool]]) -> None:
    with short_transaction():
        make_suite()
    assert (synced, _synchronous()) == ([(True, True)], 2)


def test_a_transaction_that_fails_leaves_the_connection_as_it_was(synced: list[tuple[bool, bool]]) -> None:
    @short_transaction()
    def fail() -> None:
        make_suite()
        raise ValueError("our own")

    with pytest.raises(ValueError, match="our own"):
        fail()
    assert (synced, Suite.objects.exists(), _synchronous()) == ([], False, 2)


def test_inside_a_transaction_it_is_part_of_that_one(synced: list[tuple[bool, bool]]) -> None:
    with transaction.atomic(), short_transaction():
        make_suite()
    assert synced == []
    assert Suite.objects.exists()
