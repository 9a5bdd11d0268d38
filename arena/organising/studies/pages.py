"""Pages of studies: create one in steps, preview it, open and close it, invite raters, watch votes."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.models import User
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from arena.catalog.lookup import UnknownName
from arena.organising.audit import record
from arena.organising.permissions import allowed, may, own, require, seen_by
from arena.organising.studies.finding import find_for
from arena.organising.studies.forms import (
    ANSWER_NAMES,
    ASPECT_NAMES,
    BEGINNING,
    CHOICES,
    FIELDS,
    STEPS,
    StudyForm,
)
from arena.organising.studies.numbers import WIDTHS, count_study, screening_effects, votes_for, votes_needed
from arena.organising.studies.preview import preview_context
from arena.organising.studies.terms_form import number_field
from arena.runs.models import Run
from arena.screening.screen import exclude_found
from arena.voting.admission.admitting import InvalidAdmission, invite, load_panel
from arena.voting.admission.panels import payment_sheet
from arena.voting.admission.tickets import invitation_path, panel_path
from arena.voting.coverage import cover_study, describe_coverage
from arena.voting.models import Study, StudyChange
from arena.voting.openings import close_study, never_opened, pause_study, reopen_study
from arena.voting.rule_changes import rule_differences
from arena.voting.rules import rules_hash
from arena.voting.studies import QUESTION, create_study
from arena.voting.terms import Terms
from generators.base import Track

LARGEST_PANEL_BYTES = 2 * 2**20
ACTIONS = {"open": reopen_study, "pause": pause_study, "close": close_study}


@require_safe
@allowed("see_studies")
def studies(request: HttpRequest) -> HttpResponse:
    """List studies, the newest first."""
    found = seen_by(request.user, "see_studies", Study.objects.order_by("-pk"))[:100]
    return render(request, "organising/studies.html", {"studies": [(one, count_study(one)) for one in found]})


@require_http_methods(["GET", "HEAD", "POST"])
@allowed("create_study")
def new_study(request: HttpRequest) -> HttpResponse:
    """Show a step of creating a study; the last one creates it, closed."""
    form = StudyForm.of(request.POST if request.method == "POST" else request.GET)
    step = _step(request)
    if request.method != "POST":
        return _step_page(request, form, 0)
    if request.POST.get("go") == "back":
        return _step_page(request, form, max(0, step - 1))
    try:
        form.check(step)
        _require_own_runs(request, form)
        if step < len(STEPS) - 1 and request.POST.get("go") != "create":
            return _step_page(request, form, step + 1)
        study = _create(request, form)
    except (UnknownName, ValueError) as error:
        return _step_page(request, form, step, problem=str(error))
    return redirect("organising:study", study.slug)


@transaction.atomic
def _create(request: HttpRequest, form: StudyForm) -> Study:
    study, _ = create_study(**form.arguments(), opens=False)
    own(_actor(request), study)
    record(request.user, "created", study)
    return study


@require_safe
@allowed("see_studies")
def study(request: HttpRequest, slug: str) -> HttpResponse:
    """Show a study: its state, links, votes and exclusions; htmx asks for the numbers alone."""
    found = find_for(request, slug, "see_studies")
    if request.headers.get("HX-Request"):
        return render(
            request, "organising/study_numbers.html", {"study": found, "counts": count_study(found)}
        )
    return _study_page(request, found)


@require_POST
@allowed("change_study")
def change_study(request: HttpRequest, slug: str) -> HttpResponse:
    """Open, pause or close a study, each with an entry in its ledger."""
    found = find_for(request, slug, "change_study")
    action = request.POST.get("action", "")
    if action not in ACTIONS:
        raise Http404("There is no such action.")
    try:
        with transaction.atomic():
            ACTIONS[action](study=found, reason=request.POST.get("reason", "").strip()[:500])
            record(request.user, f"{action.rstrip('e')}ed", found)
    except ValueError as error:
        return _study_page(request, found, problem=str(error))
    return redirect("organising:study", slug)


@require_POST
@allowed("invite_raters")
def invite_raters(request: HttpRequest, slug: str) -> HttpResponse:
    """Make an invitation's link, or add members to the panel and show theirs."""
    found = find_for(request, slug, "invite_raters")
    try:
        links = _invite(request, found)
    except InvalidAdmission as error:
        return _study_page(request, found, problem=str(error))
    absolute = [(one, request.build_absolute_uri(path)) for one, path in links]
    return _study_page(request, found, links=absolute)


@transaction.atomic
def _invite(request: HttpRequest, study: Study) -> list[tuple[str, str]]:
    """Invite raters by one link, or load the panel's members; return panel ids, or none, with their links."""
    if "uses" in request.POST:
        links = [("", invitation_path(study, invite(study=study, uses=_uses(request)).pk))]
    else:
        ids = _panel_ids(request)
        load_panel(study=study, ids=ids)
        links = [(one, panel_path(study, one)) for one in dict.fromkeys(ids)]
    record(request.user, "invited raters to", study, {"links": len(links)})
    return links


@require_safe
@allowed("see_studies")
def payments(request: HttpRequest, slug: str) -> HttpResponse:
    """Answer the CSV by which a panel's members are approved and paid."""
    found = find_for(request, slug, "see_studies")
    response = HttpResponse(payment_sheet(found), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{found.slug}-participants.csv"'
    return response


@require_safe
@allowed("see_studies")
def preview(request: HttpRequest, slug: str) -> HttpResponse:
    """Show a pair as raters will see it; nothing can be answered or is stored."""
    found = find_for(request, slug, "see_studies")
    context = preview_context(found)
    return render(request, "organising/preview.html", {"study": found, **(context or {"empty": True})})


@require_http_methods(["GET", "HEAD", "POST"])
@allowed("see_studies")
def screening(request: HttpRequest, slug: str) -> HttpResponse:
    """Show what the study's rules object to, and ratings with and without it; the form excludes it."""
    found = find_for(request, slug, "see_studies")
    objected, effects = screening_effects(found)
    if request.method == "POST":
        require(request.user, "change_study", found)
        excluded = exclude_found(objected)
        record(request.user, "screened", found, {"excluded": excluded})
        messages.success(request, f"{excluded} votes were excluded.")
        return redirect("organising:screening", slug)
    context = {
        "study": found,
        "objections": objected.objections,
        "effects": [(each, [each.without[rule.rule] for rule in objected.objections]) for each in effects],
        "names": {one.slug: one.shown_name for one in found.contenders.all()},
        "counts": count_study(found),
    }
    return render(request, "organising/screening.html", context)


def _actor(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # noqa: S101 - the decorator lets nobody else in
    return request.user


def _require_own_runs(request: HttpRequest, form: StudyForm) -> None:
    for run in form.runs:
        require(request.user, "see_runs", run)


def _step(request: HttpRequest) -> int:
    given = request.POST.get("step", "0")
    return int(given) if given in ("0", "1", "2", "3") else 0


def _step_page(request: HttpRequest, form: StudyForm, step: int, *, problem: str = "") -> HttpResponse:
    runs = seen_by(request.user, "see_runs", Run.objects.select_related("suite").order_by("-pk"))[:50]
    chosen = [run for run in runs if str(run.pk) in form.lists.get("runs", [])]
    contenders = {each.slug: each for run in chosen for each in run.contenders.all()}
    context = {
        "form": form,
        "values": form.values,
        "lists": form.lists,
        "step": step,
        "steps": STEPS,
        "carried": form.carried(FIELDS[step]),
        "runs": runs,
        "contenders": list(contenders.values()),
        "choices": CHOICES,
        "aspects": ASPECT_NAMES,
        "beginning": [number_field(name, form.values) for name in BEGINNING],
        "question": QUESTION,
        "needed": _needed(form) if step == len(STEPS) - 1 else [],
        "problem": problem,
    }
    return render(request, "organising/new_study.html", context, status=422 if problem else 200)


def _needed(form: StudyForm) -> list[tuple[int, int]]:
    """Return the votes that each width of intervals takes; nothing where a field is wrong."""
    try:
        given = form.arguments()
    except (UnknownName, ValueError):
        return []
    boards, contenders = len(given["tracks"]), len(given["contenders"])
    return [(width, votes_for(width, contenders=contenders, boards=boards)) for width in WIDTHS]


def _study_page(
    request: HttpRequest, found: Study, *, problem: str = "", links: list[tuple[str, str]] | None = None
) -> HttpResponse:
    terms = Terms.of(found.terms)
    context = {
        "study": found,
        "is_draft": never_opened(found),
        "counts": count_study(found),
        "terms": terms,
        "rules_hash": rules_hash(found),
        "needed": [(width, votes_needed(found, width)) for width in WIDTHS],
        "coverage": [line for track in found.tracks for line in describe_coverage(cover_study(found, track))],
        "tracks": [Track(track) for track in found.tracks],
        "address": request.build_absolute_uri(reverse("start", args=[found.slug])),
        "changes": [(one, _told(one)) for one in found.changes.order_by("-number")[:20]],
        "answers": [ANSWER_NAMES[answer] for answer in terms.answers],
        "invitations": found.invitations.order_by("-pk")[:20],
        "members": found.panel.count(),
        "changes_it": may(request.user, "change_study", found),
        "invites": may(request.user, "invite_raters", found),
        "problem": problem,
        "made": links,
    }
    return render(request, "organising/study.html", context, status=422 if problem else 200)


def _told(change: StudyChange) -> list[str]:
    """Return what a change of rules changed; nothing for other changes."""
    return rule_differences(change) if change.kind == StudyChange.Kind.RULES else []


def _uses(request: HttpRequest) -> int:
    text = request.POST.get("uses", "")
    if not (text.isascii() and text.isdecimal() and len(text) < 8):
        raise InvalidAdmission(f"uses must be a whole number; got '{text[:40]}'. Give one such as 30.")
    return int(text)


def _panel_ids(request: HttpRequest) -> list[str]:
    """Return the ids that were pasted, or in the file that was sent, one on each line."""
    pasted: Any = request.POST.get("ids", "")
    file = request.FILES.get("file")
    if file is not None:
        try:
            pasted = file.read(LARGEST_PANEL_BYTES).decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise InvalidAdmission("The file of ids must be UTF-8. Save it as UTF-8.") from error
    ids = [line.strip() for line in pasted.splitlines() if line.strip()]
    if not ids:
        raise InvalidAdmission("ids must be one or more, each on a line; got none. Paste them.")
    return ids
