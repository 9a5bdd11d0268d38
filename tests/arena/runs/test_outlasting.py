"""A database server that goes away for a while; what is done meanwhile is done again."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import OperationalError, connection

from arena.runs import outlasting
from arena.runs.outlasting import is_away, outlast


@pytest.fixture
def waits_s(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return the waits; every fault counts as a server that is away."""
    waited: list[float] = []
    monkeypatch.setattr(outlasting, "pause", waited.append)
    monkeypatch.setattr(outlasting, "is_away", lambda error: True)
    monkeypatch.setattr(connection, "close", lambda: None)
    return waited


def _failing(times: int) -> Callable[[], int]:
    """Return a step that fails so many times before it works."""
    calls: list[None] = []

    def step() -> int:
        calls.append(None)
        if len(calls) <= times:
            raise OperationalError("the database system is starting up")
        return len(calls)

    return outlast(step)


def test_a_step_is_repeated_until_the_server_answers(waits_s: list[float]) -> None:
    assert _failing(6)() == 7
    assert waits_s == [0.2, 0.5, 1.0, 2.0, 2.0, 2.0]


def test_a_server_that_stays_away_is_an_error(waits_s: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outlasting, "LONGEST_S", 0.0)
    with pytest.raises(OperationalError, match="starting up"):
        _failing(1)()
    assert waits_s == []


def test_other_faults_are_not_repeated() -> None:
    calls: list[None] = []

    @outlast
    def fail() -> None:
        calls.append(None)
        raise ValueError("our own fault")

    with pytest.raises(ValueError, match="our own fault"):
        fail()
    assert len(calls) == 1


@pytest.mark.django_db(transaction=True)
def test_only_a_server_can_be_away_and_a_full_disk_is_another_fault() -> None:
    assert is_away(OperationalError("server closed the connection")) == (connection.vendor == "postgresql")
    assert not is_away(OperationalError("could not extend file: No space left on device"))
    assert not is_away(ValueError("no error of the database"))
