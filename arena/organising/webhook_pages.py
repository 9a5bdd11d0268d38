"""The page of webhooks: add one, see what was sent to it, try it out, turn it off, remove it."""

from __future__ import annotations

from typing import NamedTuple

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from arena.organising import webhook_changes as changes
from arena.organising.permissions import allowed
from arena.webhooks.endpoints import Added, InvalidEndpoint, UnknownEndpoint, find_endpoint
from arena.webhooks.models import Delivery, Endpoint, Event

SHOWN = 10
"""Newest messages of each webhook on the page."""


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
        added = changes.add_webhook(
            request.user, address=request.POST.get("address", ""), events=request.POST.getlist("events")
        )
    except InvalidEndpoint as error:
        return _webhooks_page(request, problem=str(error))
    return _webhooks_page(request, added=added)


@require_POST
@allowed("manage_webhooks")
def change_webhook(request: HttpRequest, number: int) -> HttpResponse:
    """Try a webhook out, turn it on or off, or remove it."""
    action = request.POST.get("action", "")
    if action not in (*changes.CHANGES, "test"):
        raise Http404("There is no such action.")
    try:
        endpoint = find_endpoint(number)
    except UnknownEndpoint as error:
        raise Http404(str(error)) from error
    if action == "test":
        sent, said = changes.try_webhook(request.user, endpoint)
        messages.add_message(request, messages.ERROR if sent.problem else messages.SUCCESS, said)
    else:
        messages.success(request, changes.change_webhook(request.user, endpoint, action))
    return redirect("organising:webhooks")


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
