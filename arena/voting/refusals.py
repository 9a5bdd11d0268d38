"""Refusals of a ballot or vote, each with an HTTP status and texts, and the middleware that answers them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext, gettext_noop, ngettext

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
        """Return the refusal's status and its texts in the visitor's language."""
        return Problem(self.status, gettext(self.title), gettext(self.detail))


class TamperedBallot(Refusal):
    """Token that this arena didn't sign."""

    status = 400
    title = gettext_noop("This link is damaged")
    detail = gettext_noop("This arena didn't make it. Start again from the study's page to get a fresh pair.")


class UnknownOutcome(Refusal):
    """Answer that a ballot doesn't offer."""

    status = 400
    same_pair = True
    title = gettext_noop("That isn't an answer")

    def __init__(self, answers: Sequence[str] = ("a", "tie", "both_bad", "b")) -> None:
        super().__init__()
        detail = gettext("Nothing was recorded. Answer with one of: %(answers)s.")
        self.detail = detail % {"answers": ", ".join([*answers, "skip"])}


class UnknownAspect(Refusal):
    """Answer about an aspect that a ballot doesn't ask about, or not one of `a`, `same` and `b`."""

    status = 400
    same_pair = True
    title = gettext_noop("That isn't an answer")

    def __init__(self, aspects: Sequence[str] = ()) -> None:
        super().__init__()
        detail = gettext("Nothing was recorded. Aspects of this pair: %(aspects)s; answers: a, same, b.")
        self.detail = detail % {"aspects": ", ".join(aspects) or "—"}


class ForeignBallot(Refusal):
    """Ballot of another rater."""

    status = 403
    title = gettext_noop("This pair belongs to another browser")
    detail = gettext_noop(
        "Only the browser that opened a pair can answer it. If you cleared your cookies, "
        "start again from the study's page."
    )


class NoCookie(Refusal):
    """Request without a rater's cookie."""

    status = 403
    title = gettext_noop("Your browser sent no cookie")
    detail = gettext_noop(
        "Nothing was recorded. A cookie with a random number links your votes to your pairs. Allow cookies "
        "for this site, then open the study again."
    )


class CookieNeedsHttps(Refusal):
    """Request by plain HTTP to an arena whose cookies are for HTTPS only."""

    status = 403
    title = gettext_noop("This arena needs an address that starts with https")
    detail = gettext_noop(
        "Nothing was recorded. The page came over plain HTTP, and this arena's cookies work over HTTPS only. "
        "Open the https address, or ask whoever runs the arena to allow plain HTTP."
    )


class ForeignForm(Refusal):
    """Form that this arena didn't send to this browser."""

    status = 403
    same_pair = True
    title = gettext_noop("This answer didn't come from our page")
    detail = gettext_noop("Nothing was recorded. Reload the pair and answer again.")


class ForeignOrigin(Refusal):
    """Form sent from an address that the arena doesn't trust."""

    status = 403
    title = gettext_noop("The arena doesn't know this address")
    detail = gettext_noop(
        "Nothing was recorded. Whoever runs the arena can add the address in your browser's address bar to "
        "CSRF_TRUSTED_ORIGINS."
    )


class ImpossiblePlayback(Refusal):
    """Vote whose playback can't be true."""

    status = 422
    same_pair = True
    title = gettext_noop("That was quicker than the clips are long")
    detail = gettext_noop(
        "Nothing was recorded. Either a clip wasn't watched to the end, or there was no time to watch it. "
        "Open the pair again, watch both clips, then answer."
    )


class TooManyRequests(Refusal):
    """Request beyond a rate limit."""

    status = 429
    same_pair = True
    title = gettext_noop("That was faster than one person can judge")
    detail = gettext_noop("Nothing was recorded. Many requests came from this browser or its network.")

    def __init__(self, retry_after_s: int = 60) -> None:
        super().__init__()
        self.retry_after_s = retry_after_s
        again = ngettext(
            "Try again in %(seconds)d second.", "Try again in %(seconds)d seconds.", retry_after_s
        ) % {"seconds": retry_after_s}
        self.detail = f"{gettext(self.detail)} {again}"


class SimulatedStudy(Refusal):
    """Person in a study for simulated raters."""

    status = 403
    title = gettext_noop("This study is for simulated raters")
    detail = gettext_noop(
        "People's votes and simulated votes are never mixed, so you can't vote here. Its board is open."
    )


class PeoplesStudy(Refusal):
    """Simulated rater in a study for people."""

    status = 403
    title = gettext_noop("This study is for people")
    detail = gettext_noop(
        "People's votes and simulated votes are never mixed, so a simulated rater can't vote here."
    )


class SecondVote(Refusal):
    """Another answer to a ballot that was voted or skipped."""

    status = 409
    title = gettext_noop("You have already answered this pair")
    detail = gettext_noop("The first answer counts and can't be changed. The next pair is waiting.")


class BallotVoided(Refusal):
    """Ballot that was voided before."""

    status = 409
    title = gettext_noop("This pair didn't play properly")
    detail = gettext_noop("So it takes no answer. It comes back later.")


class NothingVoided(Refusal):
    """Report of a spoiled playback that says nothing was spoiled."""

    status = 422
    same_pair = True
    title = gettext_noop("Nothing went wrong with this pair")
    detail = gettext_noop("Nothing was recorded. Open the pair again and answer it, or skip it.")


class BallotExpired(Refusal):
    """Ballot whose time is over."""

    status = 410
    title = gettext_noop("This pair has expired")
    detail = gettext_noop("It was open for too long and can't be answered any more. Get a fresh pair.")


class StudyClosed(Refusal):
    """Study that takes no votes."""

    status = 410
    title = gettext_noop("This study is closed")
    detail = gettext_noop("It takes no more votes. You can still see its results.")


class BoardWithheld(Refusal):
    """Board of a study whose numbers are not public while it is open."""

    status = 403
    title = gettext_noop("These results are not public yet")
    detail = gettext_noop("The study shows its results when it closes.")


class NotInvited(Refusal):
    """Visitor of a study that isn't public, without a link that admits them."""

    status = 403
    title = gettext_noop("This study is by invitation")
    detail = gettext_noop("Open the link that you were sent, in the browser in which you began.")


class ForgedTicket(Refusal):
    """Link that this arena didn't make for this study."""

    status = 403
    title = gettext_noop("This link is damaged")
    detail = gettext_noop("It doesn't admit you to this study. Open the whole link that you were sent.")


class InvitationUsedUp(Refusal):
    """Invitation that has admitted all the raters that it can."""

    status = 403
    title = gettext_noop("This invitation is used up")
    detail = gettext_noop(
        "It has admitted as many people as it was made for. Ask whoever sent it for another."
    )


class PanelIdTaken(Refusal):
    """Id of a panel's member with which another browser began the study."""

    status = 403
    title = gettext_noop("This link was used in another browser")
    detail = gettext_noop(
        "Each member of the panel takes part once. Go on in the browser in which you began."
    )


class UnknownPanelMember(Refusal):
    """Id that is not of the study's panel."""

    status = 403
    title = gettext_noop("This id is not in the study's panel")
    detail = gettext_noop("Open the link that you were sent, or ask whoever sent it.")


class StudyPaused(Refusal):
    """Study that issues no ballots for a while."""

    status = 409
    title = gettext_noop("This study is paused")
    detail = gettext_noop(
        "It shows no new pairs for now. A pair that you have open still counts. Come back later."
    )


class ClipUnreadable(Refusal):
    """Stored file that can't be read at the moment."""

    status = 503
    title = gettext_noop("This file can't be loaded now")
    detail = gettext_noop("It is missing, or its storage doesn't respond. Reload the pair, or skip it.")


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
        context = {"refusal": refusal, "problem": refusal.as_problem(), "study": refusal.study}
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
