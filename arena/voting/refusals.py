"""Refusals of a ballot or vote, each with an HTTP status and texts, and the middleware that answers them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers

from arena.errors import Problem, problem_document, wants_document

if TYPE_CHECKING:
    from arena.voting.models import Study


class Refusal(Exception):
    """Request that is refused without any change to the ledger."""

    status: int
    title: str
    detail: str
    same_pair = False
    """Whether the ballot is still open, so that the next page shows the same pair."""
    retry_after_s: int | None = None
    """Seconds after which the same request may succeed."""
    study: Study | None = None
    """Study that the refusal's page links back to."""

    def __str__(self) -> str:
        return f"{self.title}: {self.detail}"

    def as_problem(self) -> Problem:
        """Return the refusal's status and texts."""
        return Problem(self.status, self.title, self.detail)


class TamperedBallot(Refusal):
    """Token that this arena didn't sign."""

    status = 400
    title = "This link is damaged"
    detail = "This arena didn't make it. Start again from the study's page to get a fresh pair."


class UnknownOutcome(Refusal):
    """Answer that a ballot doesn't offer."""

    status = 400
    same_pair = True
    title = "That isn't an answer"
    detail = "Nothing was recorded. Answer with one of: a, b, tie, both_bad, skip."


class ForeignBallot(Refusal):
    """Ballot of another rater."""

    status = 403
    title = "This pair belongs to another browser"
    detail = (
        "Only the browser that opened a pair can answer it. If you cleared your cookies, "
        "start again from the study's page."
    )


class NoCookie(Refusal):
    """Request without a rater's cookie."""

    status = 403
    title = "Your browser sent no cookie"
    detail = (
        "Nothing was recorded. A cookie with a random number links your votes to your pairs. Allow cookies "
        "for this site, then open the study again."
    )


class CookieNeedsHttps(Refusal):
    """Request by plain HTTP to an arena whose cookies are for HTTPS only."""

    status = 403
    title = "This arena needs an address that starts with https"
    detail = (
        "Nothing was recorded. The page came over plain HTTP, and this arena's cookies work over HTTPS only. "
        "Open the https address, or ask whoever runs the arena to allow plain HTTP."
    )


class ForeignForm(Refusal):
    """Form that this arena didn't send to this browser."""

    status = 403
    same_pair = True
    title = "This answer didn't come from our page"
    detail = "Nothing was recorded. Reload the pair and answer again."


class ForeignOrigin(Refusal):
    """Form sent from an address that the arena doesn't trust."""

    status = 403
    title = "The arena doesn't know this address"
    detail = (
        "Nothing was recorded. Whoever runs the arena can add the address in your browser's address bar to "
        "CSRF_TRUSTED_ORIGINS."
    )


class ImpossiblePlayback(Refusal):
    """Vote whose playback can't be true."""

    status = 422
    same_pair = True
    title = "That was quicker than the clips are long"
    detail = (
        "Nothing was recorded. Either a clip wasn't watched to the end, or there was no time to watch it. "
        "Open the pair again, watch both clips, then answer."
    )


class TooManyRequests(Refusal):
    """Request beyond a rate limit."""

    status = 429
    same_pair = True
    title = "That was faster than one person can judge"
    detail = "Nothing was recorded. Many requests came from this browser or its network. "

    def __init__(self, retry_after_s: int = 60) -> None:
        super().__init__()
        self.retry_after_s = retry_after_s
        self.detail = f"{self.detail}Try again in {retry_after_s} seconds."


class SimulatedStudy(Refusal):
    """Person in a study for simulated raters."""

    status = 403
    title = "This study is for simulated raters"
    detail = "People's votes and simulated votes are never mixed, so you can't vote here. Its board is open."


class PeoplesStudy(Refusal):
    """Simulated rater in a study for people."""

    status = 403
    title = "This study is for people"
    detail = "People's votes and simulated votes are never mixed, so a simulated rater can't vote here."


class SecondVote(Refusal):
    """Another answer to a ballot that was voted or skipped."""

    status = 409
    title = "You have already answered this pair"
    detail = "The first answer counts and can't be changed. The next pair is waiting."


class BallotExpired(Refusal):
    """Ballot whose time is over."""

    status = 410
    title = "This pair has expired"
    detail = "It was open for too long and can't be answered any more. Get a fresh pair."


class StudyClosed(Refusal):
    """Study that takes no votes."""

    status = 410
    title = "This study is closed"
    detail = "It takes no more votes. You can still see its results."


class ClipUnreadable(Refusal):
    """Stored file that can't be read at the moment."""

    status = 503
    title = "This file can't be loaded now"
    detail = "It is missing, or its storage doesn't respond. Reload the pair, or skip it."


@contextmanager
def concerning(study: Study) -> Iterator[None]:
    """Link the page of a refusal raised in this block back to a study."""
    try:
        yield
    except Refusal as refusal:
        refusal.study = study
        raise


def answer_refusal(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    """Answer with a page for a person, or a problem document for a program that asks for JSON."""
    if wants_document(request):
        response: HttpResponse = problem_document(refusal.as_problem())
    else:
        context = {"refusal": refusal, "study": refusal.study}
        response = render(request, "refusal.html", context, status=refusal.status)
    if refusal.retry_after_s is not None:
        response["Retry-After"] = str(refusal.retry_after_s)
    add_never_cache_headers(response)  # browsers may cache 410, but a closed study may open again
    return response


class AnswerRefusals:
    """Middleware that answers the refusals that views raise."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Pass the request on."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Answer a refusal; leave other exceptions to Django."""
        return answer_refusal(request, exception) if isinstance(exception, Refusal) else None
