"""Why a ballot or a vote is refused: a status for the browser, and words for the person."""

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
    """Refused without any change to the ledger."""

    status: int
    title: str
    detail: str
    same_pair = False
    """Whether the ballot is still open, so that the next page shows the same pair again."""
    study: Study | None = None
    """Study that the refusal's page leads back to."""

    def __str__(self) -> str:
        return f"{self.title}: {self.detail}"

    def as_problem(self) -> Problem:
        return Problem(self.status, self.title, self.detail)


class TamperedBallot(Refusal):
    status = 400
    title = "This ballot link is damaged"
    detail = "It isn't one that this arena made. Start again from the study's page to get a fresh pair."


class UnknownOutcome(Refusal):
    status = 400
    same_pair = True
    title = "That isn't an answer"
    detail = "A ballot takes one of: a, b, tie, both_bad, skip. Nothing was recorded."


class ForeignBallot(Refusal):
    status = 403
    title = "This ballot is somebody else's"
    detail = (
        "A ballot can be answered only in the browser that got it. If you cleared your cookies, "
        "start again from the study's page."
    )


class NoCookie(Refusal):
    status = 403
    title = "Your browser sent no cookie"
    detail = (
        "Nothing was recorded. A cookie with a random number keeps a pair and its votes together: allow "
        "cookies for this site, then open the study again."
    )


class CookieNeedsHttps(Refusal):
    status = 403
    title = "This arena needs an address that starts with https"
    detail = (
        "Nothing was recorded. The page came over plain HTTP, and browsers keep this arena's cookies over "
        "HTTPS only. Open the https address, or ask whoever runs the arena to allow plain HTTP."
    )


class ForeignForm(Refusal):
    status = 403
    same_pair = True
    title = "This answer didn't come from our page"
    detail = "Nothing was recorded. Reload the pair and answer again."


class ForeignOrigin(Refusal):
    status = 403
    title = "The arena doesn't know this address"
    detail = (
        "Nothing was recorded. Whoever runs the arena can add the address in your browser's address bar to "
        "CSRF_TRUSTED_ORIGINS."
    )


class ImpossiblePlayback(Refusal):
    status = 422
    same_pair = True
    title = "That was quicker than the clips are long"
    detail = (
        "Nothing was recorded. The page reported more watching than there was time for, or less than both "
        "clips to the end. Open the pair again, watch both, then answer."
    )


class SimulatedStudy(Refusal):
    status = 403
    title = "This study is for simulated raters"
    detail = "People's votes and simulated votes are never mixed, so you can't vote here. Its board is open."


class PeoplesStudy(Refusal):
    status = 403
    title = "This study is for people"
    detail = "People's votes and simulated votes are never mixed, so a simulated rater can't vote here."


class SecondVote(Refusal):
    status = 409
    title = "You have already answered this pair"
    detail = "The first answer counts and can't be changed. The next pair is waiting."


class BallotExpired(Refusal):
    status = 410
    title = "This pair has expired"
    detail = "It was open for too long, so it takes no answer. Get a fresh pair."


class StudyClosed(Refusal):
    status = 410
    title = "This study is closed"
    detail = "It takes no more votes. Its board stays."


class ClipUnreadable(Refusal):
    status = 503
    title = "This file can't be loaded now"
    detail = "It is missing, or its store doesn't answer. Reload the pair, or skip it."


@contextmanager
def concerning(study: Study) -> Iterator[None]:
    """Let the page of a refusal that is raised here lead back to a study."""
    try:
        yield
    except Refusal as refusal:
        refusal.study = study
        raise


def answer_refusal(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    """Answer with a page for people, or a problem document for programs that ask for JSON."""
    if wants_document(request):
        response: HttpResponse = problem_document(refusal.as_problem())
    else:
        context = {"refusal": refusal, "study": refusal.study}
        response = render(request, "refusal.html", context, status=refusal.status)
    add_never_cache_headers(response)  # 410 may be cached otherwise, and a closed study may open again
    return response


class AnswerRefusals:
    """Middleware that answers the refusals that views raise."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return answer_refusal(request, exception) if isinstance(exception, Refusal) else None
