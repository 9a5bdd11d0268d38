"""Pages of anonymous contenders: every entry under a codename, and the proof of each reveal."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from arena.catalog.models import Commitment
from arena.catalog.openings import published
from arena.errors import UnknownAddress
from arena.languages import in_english


@never_cache
@in_english
@require_safe
def anonymous(request: HttpRequest) -> HttpResponse:
    """List every contender that was ever entered under a codename, withdrawn ones included."""
    entries = Commitment.objects.select_related("contender").order_by("-committed_at", "-pk")
    return render(request, "anonymous.html", {"entries": entries})


@never_cache
@require_safe
def commitment(request: HttpRequest, digest: str) -> JsonResponse:
    """Return a commitment as JSON, with its opening once the contender is revealed."""
    found = Commitment.objects.filter(digest=digest).first()
    if found is None:
        raise UnknownAddress(f"Unknown commitment “{digest}”. All of them are listed at /anonymous/.")
    return JsonResponse(published(found), json_dumps_params={"indent": 2, "ensure_ascii": False})
