"""The pages on which people vote. Nothing here names a contender: that comes after the vote, in standings."""

from __future__ import annotations

from django.core.files.storage import storages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST, require_safe

from arena.media.padding import PaddedFile, padded_size
from arena.media.ranges import ranged_response
from arena.voting.ballots import find_ballot, open_ballot, sign_ballot, skip_ballot
from arena.voting.models import Ballot, Outcome, Rater, Study, Vote
from arena.voting.playback import read_playback
from arena.voting.raters import current_rater, remember_rater
from arena.voting.refusals import BallotExpired, Refusal, TamperedBallot
from arena.voting.votes import cast_vote

SKIP = "skip"


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    studies = Study.objects.filter(is_open=True, simulated=False)
    return render(request, "home.html", {"studies": studies})


@never_cache
@require_GET
def ballot(request: HttpRequest, slug: str) -> HttpResponse:
    """Shows the rater's open pair. The first visit makes the rater, and the cookie that keeps them."""
    study = get_object_or_404(Study, slug=slug)
    rater = current_rater(request) or Rater.objects.create()
    try:
        opened = open_ballot(study=study, rater=rater)
    except Refusal as refusal:
        return refuse(request, refusal, study)
    if opened is None:
        return render(request, "finished.html", {"study": study, "votes": _votes(study, rater)})
    response = render(request, "ballot.html", _ballot_context(opened, rater))
    remember_rater(response, rater)
    return response


@never_cache
@require_POST
def answer(request: HttpRequest, token: str) -> HttpResponse:
    """Takes the answer to a ballot; what was voted is committed before the browser hears of it."""
    try:
        found = find_ballot(token=token, rater=current_rater(request))
    except Refusal as refusal:
        return refuse(request, refusal)
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
        found, side = _find_media(request, token)
    except Refusal as refusal:
        return refuse(request, refusal)
    sizes = (found.rendition_a.size_bytes, found.rendition_b.size_bytes)
    padded = padded_size(*sizes)
    shown = found.rendition_a if side == "a" else found.rendition_b
    file = PaddedFile(storages["renditions"].open(shown.name), shown.size_bytes, padded)
    return ranged_response(file, padded, request.headers.get("Range"), "video/mp4")


@require_safe
def reference(request: HttpRequest, token: str) -> HttpResponseBase:
    """The image that an image-to-video prompt starts from: the same for both sides."""
    try:
        found = find_ballot(token=token, rater=current_rater(request))
    except Refusal as refusal:
        return refuse(request, refusal)
    file = storages["references"].open(found.prompt.reference_name)
    return ranged_response(file, file.size, None, f"image/{found.prompt.reference_name.rpartition('.')[2]}")


def refuse(request: HttpRequest, refusal: Refusal, study: Study | None = None) -> HttpResponse:
    """The page that says why not, and what to do."""
    return render(request, "refusal.html", {"refusal": refusal, "study": study}, status=refusal.status)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return refuse(request, TamperedBallot())


def _find_media(request: HttpRequest, token: str) -> tuple[Ballot, str]:
    rater = current_rater(request)
    for side in ("a", "b"):
        found = (
            Ballot.objects.select_related("rendition_a", "rendition_b")
            .filter(**{f"media_{side}": token}, rater=rater)
            .first()
        )
        if found is not None:
            if found.expires_at <= timezone.now():
                raise BallotExpired
            return found, side
    raise TamperedBallot


def _ballot_context(opened: Ballot, rater: Rater) -> dict[str, object]:
    shown = opened.rendition_a
    return {
        "ballot": opened,
        "study": opened.study,
        "token": sign_ballot(opened),
        "sides": [("A", opened.media_a), ("B", opened.media_b)],
        "outcomes": [(outcome.value, outcome.label) for outcome in Outcome],
        "width": shown.width,
        "height": shown.height,
        "with_sound": opened.track.endswith("-audio"),
        "votes": _votes(opened.study, rater),
    }


def _votes(study: Study, rater: Rater) -> int:
    return Vote.objects.filter(ballot__study=study, ballot__rater=rater).count()
