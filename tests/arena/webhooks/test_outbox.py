from __future__ import annotations

import pytest
from django.db import transaction

from arena.webhooks.endpoints import add_endpoint
from arena.webhooks.models import Delivery, Event
from arena.webhooks.outbox import NotInTransaction, announce, is_wanted

pytestmark = pytest.mark.django_db


def test_an_event_that_is_rolled_back_sends_nothing() -> None:
    add_endpoint(address="https://example.org/hook", events=[])

    def fail() -> None:
        with transaction.atomic():
            assert announce(Event.RUN_FINISHED, {"run": 1}) == 1
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert not Delivery.objects.exists()


def test_only_wanted_events_are_written() -> None:
    add_endpoint(address="https://example.org/hook", events=["run.finished"])
    assert is_wanted(Event.RUN_FINISHED)
    assert not is_wanted(Event.VOTE_EXCLUDED)
    with transaction.atomic():
        assert announce(Event.VOTE_EXCLUDED, {}) == 0
    assert not Delivery.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_an_event_outside_of_a_transaction_is_a_mistake() -> None:
    with pytest.raises(NotInTransaction, match="in the transaction that makes it"):
        announce(Event.RUN_FINISHED, {"run": 1})
