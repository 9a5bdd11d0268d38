"""Pages on which people vote. They never name a contender; `arena.standings` does so after the vote."""

from __future__ import annotations

import logging
import time
from math import prod, sqrt
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from arena.voting.admission.admitting import admit, is_admitted, require_admission
from arena.voting.admission.panels import completion_of
from arena.voting.answers import asked_by, read_aspects
from arena.voting.ballots import find_ballot, open_ballot, sign_ballot, skip_ballot
from arena.voting.limits import answer_limits, count_against, forget_old_counts, rater_limits
from arena.voting.listing import find_presentable
from arena.voting.media_addresses import media_tokens
from arena.voting.models import Ballot, Control, Rater, Study, VoidReason, Vote
from arena.voting.modes import INSTRUCTIONS, Mode
from arena.voting.naming import numbers_are_public
from arena.voting.origins import remember_origin
from arena.voting.pairing.drawing import outlook_of
from arena.voting.pairing.seen import Outlook
from arena.voting.playback import Playback, is_possible, least_watching_s, read_playback
from arena.voting.progress import Progress, effort_of, progress_of, rater_progress
from arena.voting.raters import current_rater, current_rater_id, remember_rater
from arena.voting.refusals import (
    CookieNeedsHttps,
    ForeignForm,
    ForeignOrigin,
    ImpossiblePlayback,
    NoCookie,
    NothingVoided,
    NotInvited,
    SimulatedStudy,
    StudyClosed,
    StudyPaused,
    answer_refusal,
    concerning,
)
from arena.voting.shown import shown_on
from arena.voting.terms import Terms
from arena.voting.voids import (
    FAILING,
    LONGEST_STALL_S,
    LONGEST_WRONG_RATE_S,
    MOST_TRIES,
    tries_of,
    void_ballot,
    void_reason,
    voids_of,
)
from arena.voting.votes import cast_vote
from arena.voting.way.sitting import is_long, remember_sitting
from arena.voting.way.steps import next_step
from generators.base import Track

logger = logging.getLogger(__name__)
SKIP, VOID = "skip", "void"


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def start(request: HttpRequest, slug: str) -> HttpResponse:
    """Show a study's front page; its button opens the next pair."""
    study = find_presentable(slug)
    if request.method == "POST":
        return _begin(request, study)
    if study.simulated or not study.is_open:
        with concerning(study):
            raise SimulatedStudy if study.simulated else StudyClosed
    rater = current_rater(request)
    require_admission(study, rater, request.GET.dict())
    outlook = outlook_of(study, rater or Rater())
    _refuse_pause(study, outlook)
    progress, effort = progress_of(outlook), effort_of(outlook)
    context = {
        "study": study,
        "progress": progress,
        "effort": effort,
        "minutes": effort.minutes(progress.left),
        "boards": _boards_with_votes(study),
        "action": request.get_full_path(),  # with the ticket of an invitation or a panel
    }
    return render(request, "start.html", context)


@never_cache
@require_safe
def ballot(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the rater's open pair; send a new rater to the front page, whose button makes their row."""
    study = find_presentable(slug)
    rater = current_rater(request)
    if study.is_open and not study.simulated and not _is_introduced(study, rater):
        return redirect("start", slug)
    if study.invites_votes and next_step(study, rater):
        return redirect("prepare", slug)
    return _show_pair(request, study, rater)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def answer(request: HttpRequest, token: str) -> HttpResponse:
    """Record the answer to a ballot; the vote is committed before the response is sent.

    A plain GET, such as a reload without the form, redirects to the open pair.
    """
    found = find_ballot(token=token, rater_id=current_rater_id(request))
    if request.method != "POST":
        return redirect("ballot", found.study.slug)
    outcome = request.POST.get("outcome", "")
    with concerning(found.study):
        limits = answer_limits(request, found.rater_id)
        if outcome == SKIP:
            count_against(limits)
            skip_ballot(ballot=found)
            return redirect("ballot", found.study.slug)
        playback = read_playback(request.POST.get("playback", ""))
        if reason := void_reason(playback):
            count_against(limits)
            void_ballot(ballot=found, reason=reason)
            return redirect("voided", token)
        if outcome == VOID:
            raise NothingVoided
        _check_playback(found, playback)
        aspects = read_aspects(request.POST.dict())
        cast_vote(ballot=found, outcome=outcome, playback=playback, aspects=aspects, limits=limits)
    rest = "?rest=1" if is_long(request, time.time()) else ""
    response = redirect(_page_after(found, token) + rest)
    remember_sitting(request, response)
    return response


@never_cache
@require_safe
def voided(request: HttpRequest, token: str) -> HttpResponse:
    """Say why a ballot was voided; it names no contender."""
    found = find_ballot(token=token, rater_id=current_rater_id(request))
    if found.state != Ballot.State.VOIDED:
        return redirect("ballot", found.study.slug)
    context = {
        "study": found.study,
        "reason": VoidReason(found.void_reason).label,
        "again": tries_of(found) < MOST_TRIES and found.void_reason != VoidReason.FILE,
        "failing": voids_of(found) >= FAILING,
    }
    return render(request, "voided.html", context)


def _page_after(voted: Ballot, token: str) -> str:
    """Return the address of the page that follows a vote."""
    if voted.control == Control.TRAINING:
        return reverse("feedback", args=[token])
    if Terms.of(voted.study.terms).reveal == "vote":
        return reverse("reveal", args=[token])
    return reverse("ballot", args=[voted.study.slug])


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a failed CSRF check with its true cause: no cookie, another form or another address."""
    if "Origin checking failed" in reason:
        return answer_refusal(request, ForeignOrigin())
    if settings.CSRF_COOKIE_NAME in request.COOKIES:
        return answer_refusal(request, ForeignForm())
    insecure = settings.CSRF_COOKIE_SECURE and not request.is_secure()
    return answer_refusal(request, CookieNeedsHttps() if insecure else NoCookie())


def pair_context(shown: Ballot, progress: Progress | None = None) -> dict[str, Any]:
    """Return the context of the templates that show a pair."""
    renditions, media = (shown.rendition_a, shown.rendition_b), media_tokens(shown)
    is_native = Terms.of(shown.study.terms).geometry == "native"
    progress = progress or rater_progress(study=shown.study, rater=shown.rater)
    return {
        "ballot": shown,
        "study": shown.study,
        "token": sign_ballot(shown),
        "asked": asked_by(shown),
        "sides": [
            {"name": "A", "media": media["a"], "rendition": shown.rendition_a},
            {"name": "B", "media": media["b"], "rendition": shown.rendition_b},
        ],
        "first": (shown.order or Ballot.Order.A).upper(),
        "fps": max(each.fps for each in renditions),
        "one_rate": len({each.fps for each in renditions}) == 1,
        "is_native": is_native,
        "shape": _shape(sqrt(prod(each.width / each.height for each in renditions))),
        "with_sound": shown.with_sound,
        "instruction": INSTRUCTIONS[Mode(shown.mode)],
        "longest": {"stall_s": LONGEST_STALL_S, "wrong_rate_s": LONGEST_WRONG_RATE_S},
        "progress": progress,
        "place": progress.place(shown),
    }


def _refuse_pause(study: Study, outlook: Outlook) -> None:
    """Raise StudyPaused unless the rater has a pair open, which they may still answer."""
    if study.is_paused and outlook.history.opened is None:
        with concerning(study):
            raise StudyPaused


def _is_introduced(study: Study, rater: Rater | None) -> bool:
    """Return whether a rater is known, and has begun the study if it has an introduction."""
    if rater is None or not study.has_introduction:
        return rater is not None
    return Ballot.objects.filter(study=study, rater=rater).exists()


def _begin(request: HttpRequest, study: Study) -> HttpResponse:
    """Open a pair, or the first step before it; a new rater counts against the limit of their address."""
    rater = current_rater(request)
    if rater is None and study.invites_votes:
        forget_old_counts()
        with concerning(study):
            count_against(rater_limits(request))
    if study.invites_votes:
        rater = rater or Rater()
        admit(study, rater, request.GET.dict())
        if next_step(study, rater):
            return _send_to_steps(study, rater)
    return _show_pair(request, study, rater)


def _send_to_steps(study: Study, rater: Rater) -> HttpResponse:
    """Redirect to the steps before the first pair; they are recorded of a rater who is stored."""
    if rater._state.adding:
        rater.save(force_insert=True)
    response = redirect("prepare", study.slug)
    remember_rater(response, rater)
    return response


def _show_pair(request: HttpRequest, study: Study, rater: Rater | None = None) -> HttpResponse:
    """Open a pair for the rater; the first pair of a new one stores them, and sets their cookie."""
    rater = rater or current_rater(request) or Rater()
    if not (study.simulated or is_admitted(study, rater)):
        raise NotInvited
    is_new = rater._state.adding
    with concerning(study):
        outlook = outlook_of(study, rater)
        opened = open_ballot(study=study, rater=rater, outlook=outlook)
    if is_new and opened is not None:
        remember_origin(request, rater)
    progress = progress_of(outlook)
    if opened is None:
        context = {
            "study": study,
            "progress": progress,
            "told": Terms.of(study.terms).reveal != "close",
            "boards": _boards_with_votes(study),
            "terms": Terms.of(study.terms),
            "completion": completion_of(study, rater),
        }
        response = render(request, "finished.html", context)
    elif request.method == "POST":
        response = redirect("ballot", study.slug)
    else:
        response = render(request, "ballot.html", pair_context(opened, progress))
    if not rater._state.adding:
        remember_rater(response, rater)
    return response


def _check_playback(found: Ballot, playback: Playback) -> None:
    durations_s = [shown.duration_s for shown in shown_on(found)]
    open_s = (timezone.now() - found.issued_at).total_seconds()
    with_sound = found.with_sound
    possible = is_possible(
        playback,
        duration_s=min(durations_s),
        longest_s=max(durations_s),
        open_s=open_s,
        with_sound=with_sound,
    )
    if settings.WATCHING_REQUIRED and open_s < least_watching_s(durations_s, with_sound=with_sound):
        possible = False
    if not possible:
        raise ImpossiblePlayback


def _shape(ratio: float) -> str:
    """Return the name of the layout for two clips of this width over height."""
    if ratio > 1.2:
        return "wide"
    return "tall" if ratio < 0.8 else "square"


def _boards_with_votes(study: Study) -> list[Track]:
    """Return the study's tracks that have votes, if their boards are public."""
    if not numbers_are_public(study):
        return []
    return [
        Track(track)
        for track in study.tracks
        if Vote.objects.ordinary().filter(ballot__study=study, ballot__track=track).exists()
    ]
