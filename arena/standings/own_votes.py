"""A rater's own votes in a study, with names once the study's terms allow them."""

from __future__ import annotations

from typing import NamedTuple

from django.core.paginator import Page, Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from arena.catalog.models import Contender
from arena.standings.personal import personal_board
from arena.voting.ballots import sign_ballot
from arena.voting.listing import find_presentable
from arena.voting.models import Outcome, Vote
from arena.voting.naming import names_are_told
from arena.voting.raters import current_rater
from arena.voting.records import CONTENDER_A, CONTENDER_B
from arena.voting.terms import Terms

VOTES_ON_A_PAGE = 50
CONTENDERS = (CONTENDER_A, CONTENDER_B)


class OwnVote(NamedTuple):
    """One of the rater's votes; the names are None until they may be told."""

    vote: Vote
    answer: str
    a: Contender | None
    b: Contender | None
    token: str


@never_cache
@require_safe
def own_votes(request: HttpRequest, slug: str) -> HttpResponse:
    """List the votes of this browser in a study."""
    study, rater = find_presentable(slug), current_rater(request)
    told = rater is not None and names_are_told(study, rater)
    votes = Vote.objects.filter(ballot__study=study, ballot__rater=rater) if rater else Vote.objects.none()
    votes = votes.ordinary() if told else votes.after_training()  # until then, controls look like other pairs
    votes = votes.select_related("ballot__prompt", *CONTENDERS).order_by("-created_at", "-pk")
    page: Page[Vote] = Paginator(votes, VOTES_ON_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "study": study,
        "page": page,
        "votes": [_own(vote, told=told) for vote in page],
        "told": told,
        "reveal": Terms.of(study.terms).reveal,
        "personal": personal_board(study, rater) if rater else None,
    }
    return render(request, "own_votes.html", context)


def _own(vote: Vote, *, told: bool) -> OwnVote:
    ballot = vote.ballot
    a, b = (shown.clip.job.contender for shown in (ballot.rendition_a, ballot.rendition_b))
    first, second = (a, b) if told else (None, None)
    return OwnVote(vote, Outcome(vote.outcome).label, first, second, sign_ballot(ballot))
