"""Page on which a study's texts and terms are changed; each change of terms is a new version of its rules."""

from __future__ import annotations

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from arena.organising.audit import record
from arena.organising.permissions import allowed
from arena.organising.studies.finding import find_for
from arena.organising.studies.terms_form import read_sent_terms, term_groups
from arena.voting.models import FRONT_TEXTS, Study, Vote
from arena.voting.rule_changes import change_rules
from arena.voting.screening_rules import THRESHOLDS
from arena.voting.studies import rename_study
from arena.voting.terms import Terms


@require_http_methods(["GET", "HEAD", "POST"])
@allowed("change_study")
def study_rules(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the texts and terms of a study; either form changes what it has."""
    found = find_for(request, slug, "change_study")
    if request.method != "POST":
        return _page(request, found)
    part = "terms" if "reason" in request.POST else "texts"
    try:
        with transaction.atomic():
            (_change_terms if part == "terms" else _change_texts)(request, found)
            record(request.user, f"changed the {part} of", found)
    except ValueError as error:
        found.refresh_from_db()
        return _page(request, found, wrong=part, problem=str(error))
    return redirect("organising:study", found.slug)


def _change_texts(request: HttpRequest, study: Study) -> None:
    given = {name: request.POST.get(name, "").strip() for name in ("title", "slug", *FRONT_TEXTS)}
    rename_study(study=study, **given)


def _change_terms(request: HttpRequest, study: Study) -> None:
    reason = request.POST.get("reason", "").strip()[:500]
    change_rules(study=study, terms=read_sent_terms(request.POST), reason=reason)


def _page(request: HttpRequest, study: Study, *, wrong: str = "", problem: str = "") -> HttpResponse:
    sent = request.POST if wrong == "terms" else None
    texts = {name: getattr(study, name) for name in ("title", "slug", *FRONT_TEXTS)}
    context = {
        "study": study,
        "texts": {name: request.POST.get(name, "") for name in texts} if wrong == "texts" else texts,
        "keeps_address": Vote.objects.filter(ballot__study=study).exists(),
        "groups": term_groups(Terms.of(study.terms), sent),
        "reason": sent.get("reason", "") if sent else "",
        "thresholds": THRESHOLDS,
        "problem": problem,
    }
    return render(request, "organising/study_rules.html", context, status=422 if problem else 200)
