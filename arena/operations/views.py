"""Pages for machines: `/health/` for load balancers, and `/metrics` for Prometheus."""

from __future__ import annotations

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext, gettext_noop
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from arena.errors import NOT_FOUND, PROBLEM_TYPES, answer_problem
from arena.operations.access import may_read_metrics
from arena.operations.checks import Health, check_health
from arena.operations.metrics import METRICS_TYPE, render_metrics
from arena.version import VERSION

KEPT_S = 2
"""Seconds for which one check answers everybody, so that visitors can't make a site check itself all day."""
DOWN = gettext_noop("A part of this site is down")


@never_cache
@require_safe
def health(request: HttpRequest) -> HttpResponse:
    """Answer 200 with the state of each part, or 503 with a problem document."""
    found = _recent_health()
    told = {
        "version": VERSION,
        "parts": {name: "up" if works else "down" for name, works in found.parts.items()},
        "queue_age_s": None if found.queue_age_s is None else round(found.queue_age_s, 1),
    }
    if found.is_well:
        return JsonResponse({"status": "up", **told})
    down = [name for name, works in found.parts.items() if not works] or ["queue"]
    detail = gettext("Down: %(parts)s. The server's log says why.") % {"parts": ", ".join(down)}
    problem = {"type": "about:blank", "title": gettext(DOWN), "status": 503, "detail": detail, **told}
    return JsonResponse(problem, status=503, content_type=PROBLEM_TYPES[0])


def _recent_health() -> Health:
    known: Health | None = cache.get("health")
    if known is not None:
        return known
    found = check_health()
    cache.set("health", found, KEPT_S)
    return found


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Answer with the metrics, or 404 to whoever may not read them."""
    if not may_read_metrics(request):
        return answer_problem(request, NOT_FOUND)
    return HttpResponse(render_metrics(), content_type=METRICS_TYPE)
