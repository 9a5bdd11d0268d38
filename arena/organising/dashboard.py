"""The dashboard, and the first page, which leads signed-in people to it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from django.conf import settings
from django.db.models import Count, Max
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from arena.organising.attention import matters
from arena.organising.permissions import allowed, may, role_of, seen_by
from arena.organising.runs.totals import total_runs
from arena.runs.models import Run
from arena.standings import views as standings
from arena.voting.listing import presentable
from arena.voting.models import Study, Vote

SHOWN = 10
"""Newest studies and runs on the dashboard."""


class StudyLine(NamedTuple):
    """Study at a glance."""

    study: Study
    votes: int
    raters: int
    last_vote: datetime | None


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
    seen = "see_studies" if may(request.user, "see_studies") else "see_boards"
    studies = seen_by(request.user, seen, Study.objects.order_by("-is_open", "-created_at", "-pk"))
    own_runs = seen_by(request.user, "see_runs", Run.objects.select_related("suite").order_by("-pk"))
    runs = list(own_runs[:SHOWN])
    totals = total_runs(runs)
    context = {
        "studies": _study_lines(presentable(studies[:SHOWN])),
        "runs": [(run, totals[run.pk]) for run in runs],
        "matters": matters(request.user),
        "sees_runs": may(request.user, "see_runs"),
    }
    return render(request, "organising/dashboard.html", context)


def _study_lines(studies: Sequence[Study]) -> list[StudyLine]:
    rows = (
        Vote.objects.after_training()
        .filter(ballot__study__in=studies)
        .order_by()
        .values("ballot__study")
        .annotate(votes=Count("pk"), raters=Count("ballot__rater", distinct=True), last=Max("created_at"))
    )
    known = {row["ballot__study"]: (row["votes"], row["raters"], row["last"]) for row in rows}
    return [StudyLine(study, *known.get(study.pk, (0, 0, None))) for study in studies]
