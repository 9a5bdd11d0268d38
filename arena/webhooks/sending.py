"""Send due messages, signed by Standard Webhooks, and decide what becomes of those that fail."""

from __future__ import annotations

import logging
import random
from datetime import datetime, timedelta
from typing import NamedTuple

import httpx2
from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from standardwebhooks import Webhook

from arena.version import VERSION
from arena.webhooks.models import TEST, Delivery, Endpoint
from arena.webhooks.secrets import UnreadableSecret, unseal
from generators.adapters.addresses import GuardedTransport, is_same_origin
from generators.adapters.errors import ServerFault, UnsafeAddress

RETRY_AFTER_S = (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""Seconds from each failed attempt to the next, by Standard Webhooks' schedule; then it is given up."""
LONGER = 1.1
"""Largest factor by which a wait is lengthened at random, so that a receiver isn't called by all at once."""
TIMEOUT = httpx2.Timeout(10, connect=5)
LEASE_S = 120
"""Seconds for which a claimed message is nobody else's; then its sender counts as dead."""
ROUND = 100
"""Messages that one endpoint is sent at most before the others have their turn."""
GONE = 410
KEPT = timedelta(days=30)
"""Time for which a settled message is kept for organisers to look at."""

log = logging.getLogger(__name__)


class Answer(NamedTuple):
    """Answer of a receiver."""

    status: int | None
    """HTTP status; None without an answer."""
    problem: str
    """Why it does not count as delivered; empty if it does."""


def send_due() -> int:
    """Send each message that is due, and forget old ones; return how many were delivered.

    1. take the endpoints with due messages, one after the other;
    2. claim a message by a conditional update, so that two workers do not send it twice;
    3. send it outside any transaction, and record the answer;
    4. after a failure, leave the endpoint's other messages to the next round: it may be down for all of them;
    5. forget messages that were settled `KEPT` ago.
    """
    due = Delivery.objects.filter(
        state=Delivery.State.WAITING, due_at__lte=timezone.now(), endpoint__is_on=True
    )
    keys = due.order_by().values_list("endpoint", flat=True).distinct()
    sent = sum(_send_round(endpoint) for endpoint in Endpoint.objects.filter(pk__in=list(keys)))
    settled = Delivery.objects.filter(state__in=[Delivery.State.DELIVERED, Delivery.State.GIVEN_UP])
    settled.filter(due_at__lt=timezone.now() - KEPT).delete()
    return sent


def send_now(delivery: Delivery) -> Delivery:
    """Send one message that nobody else can claim, and return its row with the answer."""
    _record(delivery, _post(delivery))
    delivery.refresh_from_db()
    return delivery


def _send_round(endpoint: Endpoint) -> int:
    """Send an endpoint's due messages until one fails; return how many were delivered."""
    sent = 0
    due = endpoint.deliveries.filter(state=Delivery.State.WAITING, due_at__lte=timezone.now())
    for delivery in due.order_by("due_at", "pk")[:ROUND]:
        if not _claim(delivery):
            continue
        if send_now(delivery).state != Delivery.State.DELIVERED:
            break
        sent += 1
    return sent


def _claim(delivery: Delivery) -> bool:
    """Count an attempt and put the next one off; return False if another worker was first.

    The condition names this table alone: PostgreSQL would not ask a subquery again after waiting for the row.
    """
    mine = Delivery.objects.filter(pk=delivery.pk, state=Delivery.State.WAITING, due_at=delivery.due_at)
    leased_until = timezone.now() + timedelta(seconds=LEASE_S)
    claimed = mine.update(due_at=leased_until, attempts=F("attempts") + 1)
    if claimed:
        delivery.due_at, delivery.attempts = leased_until, delivery.attempts + 1
    return bool(claimed)


def _post(delivery: Delivery) -> Answer:
    """Send a message; no redirect is followed, no proxy asked, and the answer's body is not read."""
    endpoint, now = delivery.endpoint, timezone.now()
    try:
        headers = _headers(delivery, unseal(endpoint.sealed_secret), now)
        with (
            httpx2.Client(
                transport=GuardedTransport(_trusted(endpoint.address)), timeout=TIMEOUT, trust_env=False
            ) as client,
            client.stream(
                "POST", endpoint.address, content=delivery.payload.encode(), headers=headers
            ) as response,
        ):
            status = response.status_code
    except UnreadableSecret as error:
        return Answer(None, str(error))
    except (UnsafeAddress, ServerFault) as error:  # both name the host alone
        return Answer(None, str(error))
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:  # their texts may hold the address
        return Answer(None, f"No answer: {type(error).__name__}.")
    return Answer(status, "" if 200 <= status < 300 else f"HTTP status {status}.")


def _headers(delivery: Delivery, secret: str, now: datetime) -> dict[str, str]:
    return {
        "content-type": "application/json",
        "user-agent": f"Paddock/{VERSION}",
        "webhook-id": delivery.message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign(delivery.message_id, now, delivery.payload),
    }


def _trusted(address: str) -> str | None:
    """Return the origin of an address if the settings say that it may be private."""
    url = httpx2.URL(address)
    return next((each for each in settings.WEBHOOK_PRIVATE_ORIGINS if is_same_origin(url, each)), None)


@transaction.atomic
def _record(delivery: Delivery, answer: Answer) -> None:
    """Record what came of an attempt, unless its claim ran out and another worker has it."""
    found = {"status": answer.status, "problem": answer.problem[:200]}
    mine = Delivery.objects.filter(pk=delivery.pk, attempts=delivery.attempts, state=Delivery.State.WAITING)
    now = timezone.now()
    if not answer.problem:
        mine.update(state=Delivery.State.DELIVERED, due_at=now, **found)
        Endpoint.objects.filter(pk=delivery.endpoint_id).update(delivered_at=now)
        return
    log.warning("webhook %s: attempt %d failed: %s", delivery.endpoint_id, delivery.attempts, answer.problem)
    is_last = delivery.event == TEST or delivery.attempts > len(RETRY_AFTER_S) or answer.status == GONE
    if is_last:
        mine.update(state=Delivery.State.GIVEN_UP, due_at=now, **found)
    else:
        wait_s = RETRY_AFTER_S[delivery.attempts - 1] * random.uniform(1, LONGER)  # noqa: S311 - no secret
        mine.update(due_at=now + timedelta(seconds=wait_s), **found)
    _turn_off_if_dead(delivery, answer, given_up=is_last)


def _turn_off_if_dead(delivery: Delivery, answer: Answer, *, given_up: bool) -> None:
    """Turn an endpoint off that is gone, or that took nothing while a message was tried again for days."""
    endpoint = Endpoint.objects.get(pk=delivery.endpoint_id)
    took_others = endpoint.delivered_at is not None and endpoint.delivered_at >= delivery.created_at
    if answer.status == GONE:
        reason = "The receiver answered 410: it is gone."
    elif given_up and delivery.event != TEST and not took_others:
        reason = "A message was given up, and no other was taken meanwhile."
    else:
        return
    Endpoint.objects.filter(pk=endpoint.pk).update(is_on=False, off_reason=reason)
    log.warning("webhook %s was turned off: %s", endpoint.pk, reason)
