"""Changes of webhooks, each with its entry in the audit log: one rule for the page and the command."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db import transaction

from arena.organising.audit import record
from arena.webhooks.endpoints import Added, add_endpoint, remove_endpoint, try_out, turn
from arena.webhooks.models import Delivery, Endpoint

Actor = AbstractBaseUser | AnonymousUser | None
"""The signed-in person; None for a command on the server."""
CHANGES: dict[str, tuple[str, Callable[[Endpoint], None]]] = {
    "on": ("turned on", partial(turn, on=True)),
    "off": ("turned off", partial(turn, on=False)),
    "remove": ("removed", remove_endpoint),
}
"""What each change is called in the audit log, and what makes it."""


@transaction.atomic
def add_webhook(actor: Actor, *, address: str, events: Collection[str]) -> Added:
    """Add an endpoint, as `add_endpoint` does."""
    added = add_endpoint(address=address, events=events)
    record(actor, "added", added.endpoint, {"events": added.endpoint.events})
    return added


@transaction.atomic
def change_webhook(actor: Actor, endpoint: Endpoint, change: str) -> str:
    """Make one of `CHANGES`; return a sentence that says so."""
    done, make = CHANGES[change]
    record(actor, done, endpoint)
    make(endpoint)
    return f"Webhook at {endpoint.host}: {done}."


def try_webhook(actor: Actor, endpoint: Endpoint) -> tuple[Delivery, str]:
    """Send a test message; return its row, with the answer, and a sentence that tells it."""
    record(actor, "tried out", endpoint)
    sent = try_out(endpoint)
    if sent.problem:
        return sent, f"The test did not reach {endpoint.host}. {sent.problem}"
    return sent, f"{endpoint.host} took the test, with status {sent.status}."
