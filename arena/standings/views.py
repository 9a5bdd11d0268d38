"""Pages of results: the reveal after a vote, the list of boards, and each board."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from arena.standings.boards import current_standing, recent_standing
from arena.standings.drawing import draw_board
from arena.standings.listing import list_boards
from arena.standings.reveals import tell_verdicts
from arena.voting.ballots import find_ballot
from arena.voting.listing import find_presentable, presentable, study_page
from arena.voting.models import Ballot, Study
from arena.voting.raters import current_rater_id
from arena.voting.views import pair_context
from generators.base import Track


@never_cache
@require_safe
def reveal(request: HttpRequest, token: str) -> HttpResponse:
    """Name both sides to the rater who has voted on them; without a vote, redirect to the open pair."""
    found = find_ballot(token=token, rater_id=current_rater_id(request))
    if found.state != Ballot.State.VOTED:
        return redirect("ballot", found.study.slug)
    standing = recent_standing(study=found.study, track=found.track)
    context = pair_context(found)
    told = tell_verdicts(found, standing)
    context["sides"] = [
        {**side, "verdict": verdict} for side, verdict in zip(context["sides"], told["verdicts"], strict=True)
    ]
    return render(request, "reveal.html", {**context, **told})


@require_safe
def boards(request: HttpRequest) -> HttpResponse:
    """Show the list of boards, the newest studies first and simulated ones last."""
    studies = Study.objects.order_by("simulated", "-created_at", "-pk")
    page = study_page(studies, request.GET.get("page"))
    return render(request, "boards.html", {"page": page, "boards": list_boards(presentable(page))})


@require_safe
def board(request: HttpRequest, slug: str, track: str) -> HttpResponse:
    """Show the board of a study on one track."""
    study = find_presentable(slug)
    if track not in study.tracks:
        raise Http404(f"Study '{slug}' has no track '{track}'.")
    standing = current_standing(study=study, track=track)
    context = {
        "study": study,
        "track": Track(track),
        "standing": standing,
        "withheld": study.contenders.exclude(codename="").exists(),
        **draw_board(standing),
    }
    return render(request, "board.html", context)
