"""Announce events: write a message for each endpoint that wants it, in the event's own transaction."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import connection
from django.utils import timezone

from arena.webhooks.models import Delivery, Endpoint, Event


class NotInTransaction(RuntimeError):
    """Event that was announced outside of a transaction."""


def announce(event: Event, data: Mapping[str, object]) -> int:
    """Write a message for each endpoint that wants an event; return their number.

    An event that is rolled back takes its messages with it.

    Args:
        event: the event.
        data: facts for JSON; nothing that tells a contender of an open study, and nothing secret.

    Raises:
        NotInTransaction: the caller has not opened a transaction.
    """
    if not connection.in_atomic_block:
        raise NotInTransaction(f"{event} must be announced in the transaction that makes it; got none.")
    endpoints = _wanting(event)
    now = timezone.now()
    Delivery.objects.bulk_create(draft(endpoint, event, data, now) for endpoint in endpoints)
    return len(endpoints)


def is_wanted(event: Event) -> bool:
    """Return whether an endpoint wants an event, before facts for it are counted."""
    return bool(_wanting(event))


def draft(endpoint: Endpoint, event: str, data: Mapping[str, object], now: datetime) -> Delivery:
    """Return the unsaved row of a message that is due now."""
    payload = {"type": event, "timestamp": now.isoformat(), "data": dict(data)}
    return Delivery(
        endpoint=endpoint,
        message_id=f"msg_{secrets.token_urlsafe(18)}",
        event=event,
        payload=json.dumps(payload, ensure_ascii=False, separators=(",", ":")),
        due_at=now,
        created_at=now,
    )


def _wanting(event: Event) -> Sequence[Endpoint]:
    return [endpoint for endpoint in Endpoint.objects.filter(is_on=True) if event in endpoint.events]
