"""Page on which a study's texts, terms and ratings are changed; all but texts as a version of its rules."""

from __future__ import annotations

from django.db import transaction
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from arena.organising.audit import record
from arena.organising.permissions import allowed
from arena.organising.studies.finding import find_for
from arena.organising.studies.fit_form import fit_fields, read_sent_fit
from arena.organising.studies.terms_form import read_sent_terms, term_groups
from arena.voting.fit_settings import FitSettings
from arena.voting.models import FRONT_TEXTS, Study, Vote
from arena.voting.rule_changes import change_rules
from arena.voting.screening_rules import THRESHOLDS
from arena.voting.studies import rename_study
from arena.voting.terms import Terms


@require_http_methods(["GET", "HEAD", "POST"])
@allowed("change_study")
def study_rules(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the texts, terms and ratings of a study; each has a form that changes it."""
    found = find_for(request, slug, "change_study")
    if request.method != "POST":
        return _page(request, found)
    part = _part(request.POST)
    try:
        with transaction.atomic():
            _CHANGES[part](request, found)
            record(request.user, f"changed the {part} of", found)
    except ValueError as error:
        found.refresh_from_db()
        return _page(request, found, wrong=part, problem=str(error))
    return redirect("organising:study", found.slug)


def _part(sent: QueryDict) -> str:
    """Return which form was sent, by a field that no other has."""
    if "scale" in sent:
        return "ratings"
    return "terms" if "reason" in sent else "texts"


def _change_texts(request: HttpRequest, study: Study) -> None:
    given = {name: request.POST.get(name, "").strip() for name in ("title", "slug", *FRONT_TEXTS)}
    rename_study(study=study, **given)


def _change_terms(request: HttpRequest, study: Study) -> None:
    change_rules(study=study, terms=read_sent_terms(request.POST), reason=_reason(request))


def _change_ratings(request: HttpRequest, study: Study) -> None:
    change_rules(study=study, fit=read_sent_fit(request.POST), reason=_reason(request))


_CHANGES = {"texts": _change_texts, "terms": _change_terms, "ratings": _change_ratings}


def _reason(request: HttpRequest) -> str:
    return request.POST.get("reason", "").strip()[:500]


def _page(request: HttpRequest, study: Study, *, wrong: str = "", problem: str = "") -> HttpResponse:
    sent = {wrong: request.POST}
    texts = {name: getattr(study, name) for name in ("title", "slug", *FRONT_TEXTS)}
    context = {
        "study": study,
        "texts": {name: request.POST.get(name, "") for name in texts} if wrong == "texts" else texts,
        "keeps_address": Vote.objects.filter(ballot__study=study).exists(),
        "groups": term_groups(Terms.of(study.terms), sent.get("terms")),
        "ratings": fit_fields(study, sent.get("ratings")),
        "fit": FitSettings.of(study.fit).described,
        "reasons": {wrong: _reason(request)},
        "thresholds": THRESHOLDS,
        "problem": problem,
    }
    return render(request, "organising/study_rules.html", context, status=422 if problem else 200)
