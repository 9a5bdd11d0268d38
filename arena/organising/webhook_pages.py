"""The page of webhooks: add one, see what was sent to it, try it out, turn it off, remove it."""

from __future__ import annotations

from typing import NamedTuple

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from arena.organising.audit import record
from arena.organising.permissions import allowed
from arena.webhooks.endpoints import (
    Added,
    InvalidEndpoint,
    UnknownEndpoint,
    add_endpoint,
    find_endpoint,
    remove_endpoint,
    try_out,
    turn,
)
from arena.webhooks.models import Delivery, Endpoint, Event

SHOWN = 10
"""Newest messages of each webhook on the page."""
DONE = {"on": "turned on", "off": "turned off", "remove": "removed", "test": "tried out"}
"""What the audit log says of each button."""


class EndpointLine(NamedTuple):
    """Webhook with its newest messages."""

    endpoint: Endpoint
    events: list[str]
    deliveries: list[Delivery]


@require_http_methods(["GET", "HEAD", "POST"])
@allowed("manage_webhooks")
def webhooks(request: HttpRequest) -> HttpResponse:
    """List webhooks with their newest messages; add one, and show its secret once."""
    if request.method != "POST":
        return _webhooks_page(request)
    try:
        with transaction.atomic():
            added = add_endpoint(
                address=request.POST.get("address", ""), events=request.POST.getlist("events")
            )
            record(request.user, "added", added.endpoint, {"events": added.endpoint.events})
    except InvalidEndpoint as error:
        return _webhooks_page(request, problem=str(error))
    return _webhooks_page(request, added=added)


@require_POST
@allowed("manage_webhooks")
def change_webhook(request: HttpRequest, number: int) -> HttpResponse:
    """Try a webhook out, turn it on or off, or remove it."""
    action = request.POST.get("action", "")
    if action not in DONE:
        raise Http404("There is no such action.")
    try:
        endpoint = find_endpoint(number)
    except UnknownEndpoint as error:
        raise Http404(str(error)) from error
    if action == "test":
        _try_out(request, endpoint)
        return redirect("organising:webhooks")
    with transaction.atomic():
        record(request.user, DONE[action], endpoint)
        if action == "remove":
            remove_endpoint(endpoint)
        else:
            turn(endpoint, on=action == "on")
    messages.success(request, f"Webhook at {endpoint.host}: {DONE[action]}.")
    return redirect("organising:webhooks")


def _try_out(request: HttpRequest, endpoint: Endpoint) -> None:
    record(request.user, DONE["test"], endpoint)
    sent = try_out(endpoint)
    if sent.problem:
        messages.error(request, f"The test did not reach {endpoint.host}. {sent.problem}")
    else:
        messages.success(request, f"{endpoint.host} took the test, with status {sent.status}.")


def _webhooks_page(request: HttpRequest, *, problem: str = "", added: Added | None = None) -> HttpResponse:
    """Answer the page, with the reason of a refusal, or with a secret that is shown this once."""
    labels = dict(Event.choices)
    context = {
        "lines": [
            EndpointLine(
                endpoint,
                [str(labels[event]) for event in endpoint.events],
                list(endpoint.deliveries.all()[:SHOWN]),
            )
            for endpoint in Endpoint.objects.all()
        ],
        "events": Event.choices,
        "chosen": request.POST.getlist("events") if problem else Event.values,
        "address": request.POST.get("address", "") if problem else "",
        "problem": problem,
        "added": added,
        "has_broker": not settings.CELERY_TASK_ALWAYS_EAGER,
    }
    return render(request, "organising/webhooks.html", context, status=422 if problem else 200)
