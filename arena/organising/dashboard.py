"""The dashboard, and the first page, which leads signed-in people to it."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from arena.organising.permissions import allowed, role_of
from arena.standings import views as standings


def home(request: HttpRequest) -> HttpResponseBase:
    """Lead a signed-in person to the dashboard; show everybody else the public first page."""
    # Without the cookie there is no session to read: the page of raters stays as cheap as it was.
    if settings.SESSION_COOKIE_NAME in request.COOKIES and role_of(request.user) is not None:
        return redirect("organising:dashboard")
    return standings.home(request)


@require_safe
@allowed("see_dashboard")
def dashboard(request: HttpRequest) -> HttpResponse:
    """Show studies and runs at a glance, and what needs attention."""
    return render(request, "organising/dashboard.html", {})
