"""Pages over all studies: the first page, the list of boards, and the reveal after a vote."""

from __future__ import annotations

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from arena.languages import in_english
from arena.standings.boards import recent_standing
from arena.standings.listing import list_boards
from arena.standings.reveals import tell_verdicts, vote_with_reasons
from arena.voting.ballots import find_shown_ballot
from arena.voting.listing import presentable, study_page
from arena.voting.models import Ballot, Control, Study
from arena.voting.naming import names_are_told, numbers_are_public
from arena.voting.raters import current_rater_id
from arena.voting.views import pair_context
from arena.voting.way.models import Reason
from arena.voting.way.remarks import offered_reasons

BOARDS_AT_HOME = 6
"""Newest studies whose boards the first page shows."""
TOP_AT_HOME = 5
"""First contenders of each of these boards."""


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Show the open studies, and the boards of the newest studies that have votes."""
    opened = Study.objects.filter(
        is_open=True, is_paused=False, simulated=False, terms__admission__isnull=True
    )
    page = study_page(opened.order_by("created_at", "pk"), request.GET.get("page"))
    newest = presentable(_newest_first()[:BOARDS_AT_HOME])
    listed = list_boards(filter(numbers_are_public, newest), named=TOP_AT_HOME, recent=True)
    entries = [entry for entry in listed if entry.standing.votes]
    context = {"page": page, "studies": presentable(page), "boards": entries}
    return render(request, "home.html", context)


@never_cache
@require_safe
def reveal(request: HttpRequest, token: str) -> HttpResponse:
    """Name both sides to the rater who has voted on them; without a vote, redirect to the open pair."""
    found = find_shown_ballot(token=token, rater_id=current_rater_id(request))
    if found.control == Control.TRAINING:
        return redirect("feedback", token)
    if found.state != Ballot.State.VOTED or not names_are_told(found.study, found.rater):
        return redirect("ballot", found.study.slug)
    if found.control:
        return render(request, "control.html", {"study": found.study, "ballot": found})
    public = numbers_are_public(found.study)
    standing = recent_standing(study=found.study, track=found.track) if public else None
    context = pair_context(found)
    vote = vote_with_reasons(found)
    told = tell_verdicts(found, vote, standing)
    context["sides"] = [
        {**side, "verdict": verdict} for side, verdict in zip(context["sides"], told["verdicts"], strict=True)
    ]
    said: Reason | None = getattr(vote, "reason", None)
    remarks = {
        "reasons": tuple(offered_reasons(found.with_sound).items()),
        "given": tuple(said.tags) if said else (),
    }
    return render(request, "reveal.html", {**context, **told, **remarks})


@in_english
@require_safe
def boards(request: HttpRequest) -> HttpResponse:
    """Show the list of boards, the newest studies first and simulated ones last."""
    page = study_page(_newest_first(), request.GET.get("page"))
    return render(
        request,
        "boards.html",
        {"page": page, "boards": list_boards(filter(numbers_are_public, presentable(page)))},
    )


def _newest_first() -> QuerySet[Study]:
    return Study.objects.order_by("simulated", "-created_at", "-pk")
