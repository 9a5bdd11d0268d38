"""Rules over endpoints: add, turn on and off, remove, and try out."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import NamedTuple

import httpx2
from django.conf import settings
from django.utils import timezone

from arena.webhooks.models import TEST, Delivery, Endpoint, Event
from arena.webhooks.outbox import draft
from arena.webhooks.secrets import make_secret, seal
from arena.webhooks.sending import LEASE_S, send_now
from generators.adapters.addresses import is_same_origin

LONGEST_ADDRESS = 500


class InvalidEndpoint(ValueError):
    """Endpoint that can't be added; the message says why."""


class UnknownEndpoint(ValueError):
    """Number of no endpoint; the message lists those that exist."""


class Added(NamedTuple):
    """New endpoint, with its secret, which is not shown again."""

    endpoint: Endpoint
    secret: str


def add_endpoint(*, address: str, events: Collection[str]) -> Added:
    """Add an endpoint with a new secret.

    Args:
        address: HTTPS address; HTTP only where `WEBHOOK_PRIVATE_ORIGINS` names its origin.
        events: types of events that it wants; empty for all.

    Raises:
        InvalidEndpoint: the address can't be used, or an event is unknown.
    """
    secret = make_secret()
    endpoint = Endpoint.objects.create(
        address=_checked(address.strip()), sealed_secret=seal(secret), events=_known(events)
    )
    return Added(endpoint, secret)


def find_endpoint(number: int) -> Endpoint:
    """Find an endpoint by its number.

    Raises:
        UnknownEndpoint: there is no such endpoint.
    """
    endpoint = Endpoint.objects.filter(pk=number).first()
    if endpoint is None:
        known = ", ".join(str(each) for each in Endpoint.objects.all()[:20])
        raise UnknownEndpoint(f"Unknown webhook {number}. Known: {known or 'none yet'}.")
    return endpoint


def turn(endpoint: Endpoint, *, on: bool) -> None:
    """Turn an endpoint on or off; while it is off nothing is sent, and no message is written for it."""
    endpoint.is_on, endpoint.off_reason = on, ""
    endpoint.save(update_fields=["is_on", "off_reason"])


def remove_endpoint(endpoint: Endpoint) -> None:
    """Remove an endpoint with its messages."""
    endpoint.delete()


def try_out(endpoint: Endpoint) -> Delivery:
    """Send a test message now, once, and return its row with the answer."""
    delivery = draft(endpoint, TEST, {"webhook": endpoint.pk}, timezone.now())
    delivery.attempts = 1
    delivery.due_at += timedelta(seconds=LEASE_S)  # as if claimed: no worker sends it, too
    delivery.save(force_insert=True)
    return send_now(delivery)


def _checked(address: str) -> str:
    """Return an address that requests can be sent to."""
    said = "address must be an HTTPS address without a user, such as https://example.org/paddock"
    try:
        url = httpx2.URL(address)
    except (httpx2.InvalidURL, TypeError) as error:
        raise InvalidEndpoint(f"{said}; got '{address[:80]}'. Correct it.") from error
    is_private = any(is_same_origin(url, each) for each in settings.WEBHOOK_PRIVATE_ORIGINS)
    is_usable = url.scheme == "https" or (url.scheme == "http" and is_private)
    if not is_usable or not url.host or url.userinfo or url.fragment or len(address) > LONGEST_ADDRESS:
        raise InvalidEndpoint(
            f"{said}; got '{address[:80]}'. Correct it, or name its origin in WEBHOOK_PRIVATE_ORIGINS."
        )
    return address


def _known(events: Collection[str]) -> list[str]:
    if unknown := set(events) - set(Event.values):
        raise InvalidEndpoint(
            f"events must be some of {', '.join(Event.values)}; got '{min(unknown)[:40]}'. Choose others."
        )
    return [event for event in Event.values if not events or event in events]
