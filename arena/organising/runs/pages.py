"""Pages of runs: plan one with its price, watch it, pause, resume and cancel it, and see its clips."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.models import User
from django.core.files.storage import storages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from arena.catalog.lookup import UnknownName, find_contenders, find_suite, find_track, split_names
from arena.catalog.models import Contender, Suite
from arena.media.thumbnails import NoPicture, draw_thumbnail
from arena.organising.audit import record
from arena.organising.permissions import allowed, own, require, seen_by
from arena.organising.runs.totals import total_runs
from arena.runs.background import start_in_background
from arena.runs.controls import cancel_run, pause_run
from arena.runs.driver import retry_failed_jobs
from arena.runs.models import Job, Rendition, Run
from arena.runs.numbers import describe_left, number_run
from arena.runs.options import read_geometry
from arena.runs.planning import (
    Draft,
    Order,
    check_affordable,
    describe_misfits,
    draft_run,
    place_run,
    read_seeds,
)
from arena.runs.spending import read_caps
from generators.base import Track

CLIPS_ON_A_PAGE = 60
FAILURES_ON_A_PAGE = 50


@require_safe
@allowed("see_runs")
def runs(request: HttpRequest) -> HttpResponse:
    """List runs, the newest first."""
    found = list(seen_by(request.user, "see_runs", Run.objects.select_related("suite").order_by("-pk"))[:50])
    totals = total_runs(found)
    return render(request, "organising/runs.html", {"runs": [(run, totals[run.pk]) for run in found]})


@require_http_methods(["GET", "HEAD", "POST"])
@allowed("plan_run")
def plan(request: HttpRequest) -> HttpResponse:
    """Show what a run would make and cost; with `start`, place it and begin."""
    draft, warnings, problem = None, [], ""
    if request.method == "POST":
        try:
            draft = draft_run(_order(request))
            warnings = [*describe_misfits(draft.survey, draft.order.track), *check_affordable(draft)]
            if "start" in request.POST:
                return _start(request, draft)
        except (UnknownName, ValueError) as error:
            problem = str(error)
    contenders = list(Contender.objects.order_by("name"))
    context = {
        "draft": draft,
        "names": {one.slug: one.name for one in contenders},
        "warnings": warnings,
        "problem": problem,
        "given": request.POST,
        "chosen": request.POST.getlist("contenders"),
        "suites": [(f"{suite.name}@{suite.version}", suite) for suite in Suite.objects.all()],
        "contenders": contenders,
        "tracks": list(Track),
    }
    return render(request, "organising/plan_run.html", context, status=422 if problem else 200)


@require_safe
@allowed("see_runs")
def run(request: HttpRequest, number: int) -> HttpResponse:
    """Show how far a run is; htmx asks for the numbers alone every two seconds while it goes on."""
    found = _find(request, number)
    context = _progress(found)
    if request.headers.get("HX-Request"):
        return render(request, "organising/run_progress.html", context)
    failed = found.jobs.filter(state__in=Job.WITHOUT_CLIP).select_related("contender", "prompt")
    shown = Rendition.objects.filter(clip__job__runs=found).select_related(
        "clip__job__contender", "clip__job__prompt"
    )
    context["failures"] = failed[:FAILURES_ON_A_PAGE]
    context["clips"] = shown.order_by("-pk")[:CLIPS_ON_A_PAGE]
    return render(request, "organising/run.html", context)


@require_POST
@allowed("change_run")
def change_run(request: HttpRequest, number: int) -> HttpResponse:
    """Pause, resume or cancel a run, or try its failed clips again."""
    found = _find(request, number)
    require(request.user, "change_run", found)
    action = request.POST.get("action", "")
    with transaction.atomic():
        if action == "pause":
            pause_run(found)
        elif action == "cancel":
            messages.success(request, f"{cancel_run(found)} clips were cancelled.")
        elif action == "retry":
            retry_failed_jobs(found)
        elif action != "resume":
            raise Http404("There is no such action.")
        record(request.user, f"{action}d" if action.endswith("e") else action, found)
    if action in ("resume", "retry"):
        start_in_background(found)
    return redirect("organising:run", number)


@require_safe
@allowed("see_runs")
def thumbnail(request: HttpRequest, number: int, clip: int) -> HttpResponse:
    """Answer a small picture of a clip of a run."""
    found = _find(request, number)
    shown = get_object_or_404(Rendition, pk=clip, clip__job__runs=found)
    try:
        with storages["renditions"].open(shown.name) as file:
            picture = draw_thumbnail(file)
    except (OSError, NoPicture) as error:
        raise Http404("The clip's file can't be read.") from error
    return HttpResponse(picture, content_type="image/jpeg")


def _find(request: HttpRequest, number: int) -> Run:
    found = get_object_or_404(Run.objects.select_related("suite"), pk=number)
    require(request.user, "see_runs", found)
    return found


def _start(request: HttpRequest, draft: Draft) -> HttpResponse:
    assert isinstance(request.user, User)  # noqa: S101 - the decorator lets nobody else in
    with transaction.atomic():
        placed = place_run(draft).run
        own(request.user, placed)
        record(request.user, "started", placed, {"clips": draft.clips, "usd": round(draft.usd, 2)})
    start_in_background(placed)
    return redirect("organising:run", placed.pk)


def _order(request: HttpRequest) -> Order:
    given = request.POST
    options = {name: given.get(name) or None for name in ("size", "max_usd", "max_usd_per_contender")}
    numbers = {name: _number(given.get(name, ""), name) for name in ("duration", "fps")}
    return Order(
        suite=find_suite(given.get("suite", "")),
        contenders=find_contenders(given.getlist("contenders")),
        track=find_track(given.get("track", "")),
        caps=read_caps({**options, "accept_stale_prices": "accept_stale_prices" in given}),
        seeds=read_seeds(given.get("seeds", "")),
        tags=split_names(given.get("tags", "")),
        exclude_tags=split_names(given.get("exclude_tags", "")),
        asked=read_geometry({**options, **numbers, "native": "native" in given}),
        allow_short="allow_short" in given,
    )


def _number(text: str, name: str) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        raise ValueError(f"{name} must be a number; got '{text[:40]}'. Give one such as 5.") from None


def _progress(found: Run) -> dict[str, Any]:
    rows = number_run(found)
    totals = total_runs([found])[found.pk]
    return {
        "run": found,
        "names": {one.slug: one.shown_name for one in found.contenders.all()},
        "rows": [(row, describe_left(row)) for row in rows],
        "totals": totals,
        "spent_usd": sum((row.spent_usd for row in rows), start=0),
        "goes_on": totals.open > 0 and not found.is_paused,
    }
