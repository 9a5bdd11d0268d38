"""The pages on which people vote. Nothing here names a contender: that comes after the vote, in standings."""

from __future__ import annotations

import mimetypes
from typing import Any

from django.core.files import File
from django.core.files.storage import storages
from django.db import transaction
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from arena.catalog.tracks import Track
from arena.errors import problem_document, wants_document
from arena.media.padding import PaddedFile, padded_size
from arena.media.ranges import ranged_response
from arena.media.storage import open_stored
from arena.production.models import Rendition
from arena.voting.ballots import find_ballot, open_ballot, sign_ballot, skip_ballot
from arena.voting.listing import presentable
from arena.voting.models import Ballot, Outcome, Rater, Study, Vote
from arena.voting.playback import read_playback
from arena.voting.raters import current_rater, remember_rater
from arena.voting.refusals import BallotExpired, ForeignForm, Refusal, TamperedBallot
from arena.voting.votes import cast_vote

SKIP = "skip"


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    studies = presentable(Study.objects.filter(is_open=True, simulated=False))
    return render(request, "home.html", {"studies": studies})


@never_cache
@require_safe
def ballot(request: HttpRequest, slug: str) -> HttpResponse:
    """Shows the rater's open pair. The first visit makes the rater, and the cookie that keeps them."""
    study = get_object_or_404(Study, slug=slug)
    try:
        with transaction.atomic():  # who is refused leaves no rater behind
            rater = current_rater(request) or Rater.objects.create()
            opened = open_ballot(study=study, rater=rater)
    except Refusal as refusal:
        return refuse(request, refusal, study)
    votes = Vote.objects.filter(ballot__study=study, ballot__rater=rater).count()
    if opened is None:
        response = render(request, "finished.html", {"study": study, "votes": votes})
    else:
        response = render(request, "ballot.html", {"votes": votes, **_ballot_context(opened)})
    remember_rater(response, rater)
    return response


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def answer(request: HttpRequest, token: str) -> HttpResponse:
    """Takes the answer to a ballot; what was voted is committed before the browser hears of it.

    Who opens the address itself, as by a reload without the form, gets their pair.
    """
    try:
        found = find_ballot(token=token, rater=current_rater(request))
    except Refusal as refusal:
        return refuse(request, refusal)
    if request.method != "POST":
        return redirect("ballot", found.study.slug)
    outcome = request.POST.get("outcome", "")
    try:
        if outcome == SKIP:
            skip_ballot(ballot=found)
            return redirect("ballot", found.study.slug)
        cast_vote(ballot=found, outcome=outcome, playback=read_playback(request.POST.get("playback", "")))
    except Refusal as refusal:
        return refuse(request, refusal, found.study)
    return redirect("reveal", token)


@require_safe
def media(request: HttpRequest, token: str) -> HttpResponseBase:
    """One side's clip. Both sides are answered alike: same headers, same length, no name."""
    try:
        found, shown = _find_media(request, token)
    except Refusal as refusal:
        return refuse(request, refusal)
    sizes = (found.rendition_a.size_bytes, found.rendition_b.size_bytes)
    padded = padded_size(*sizes)
    file = PaddedFile(_open_stored("renditions", shown.name), shown.size_bytes, padded)
    return ranged_response(file, padded, request.headers.get("Range"), "video/mp4")


@require_safe
def reference(request: HttpRequest, token: str) -> HttpResponseBase:
    """The image that an image-to-video prompt starts from: the same for both sides."""
    try:
        found = find_ballot(token=token, rater=current_rater(request))
    except Refusal as refusal:
        return refuse(request, refusal)
    name = found.prompt.reference_name
    if not name:
        raise Http404("This prompt starts from words alone.")
    file = _open_stored("references", name)
    content_type, _ = mimetypes.guess_type(name)
    return ranged_response(file, file.size, None, content_type or "application/octet-stream")


def refuse(request: HttpRequest, refusal: Refusal, study: Study | None = None) -> HttpResponse:
    """Says why not: a page for people, a problem document for programs that ask for JSON."""
    if wants_document(request):
        response: HttpResponse = problem_document(refusal.as_problem())
    else:
        context = {"refusal": refusal, "study": study}
        response = render(request, "refusal.html", context, status=refusal.status)
    add_never_cache_headers(response)  # 410 may be cached otherwise, and a closed study may open again
    return response


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return refuse(request, ForeignForm())


def _open_stored(alias: str, name: str) -> File[Any]:
    try:
        return open_stored(name, storages[alias])
    except FileNotFoundError as error:
        raise Http404("The row is there, its file isn't.") from error


def _find_media(request: HttpRequest, token: str) -> tuple[Ballot, Rendition]:
    """The ballot and the side that a media token stands for."""
    ballots = Ballot.objects.select_related("rendition_a", "rendition_b")
    found = ballots.filter(Q(media_a=token) | Q(media_b=token), rater=current_rater(request)).first()
    if found is None:
        raise TamperedBallot
    if found.expires_at <= timezone.now():
        raise BallotExpired
    return found, found.rendition_a if found.media_a == token else found.rendition_b


def _ballot_context(opened: Ballot) -> dict[str, object]:
    shown = opened.rendition_a  # the other one has the same geometry
    return {
        "ballot": opened,
        "study": opened.study,
        "token": sign_ballot(opened),
        "sides": [("A", opened.media_a), ("B", opened.media_b)],
        "outcomes": [(outcome.value, outcome.label) for outcome in Outcome],
        "width": shown.width,
        "height": shown.height,
        "with_sound": Track(opened.track).with_sound,
    }
