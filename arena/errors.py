"""Answers to failed requests: a page for people, a problem document (RFC 9457) for programs."""

from __future__ import annotations

from dataclasses import dataclass

from django.core.exceptions import BadRequest, DisallowedHost, RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext, gettext_noop

API = "/api/"
"""Start of the addresses at which every failure is a problem document."""
PROBLEM_TYPES = ("application/problem+json", "application/json")


class UnknownAddress(Http404):
    """Address with an unknown name in it; the message, which visitors read, lists the known ones."""


class UnknownOption(BadRequest):
    """Query string with an unknown value; the message, which visitors read, lists the known ones."""


@dataclass(frozen=True)
class Problem:
    """HTTP status and texts of a failed request."""

    status: int
    title: str
    detail: str


NOT_FOUND = Problem(
    404,
    gettext_noop("There is no such page"),
    gettext_noop("The address may be mistyped, or a study was renamed."),
)
UNREADABLE = Problem(
    400,
    gettext_noop("This request can’t be read"),
    gettext_noop("Go back, reload the page and try again. Nothing was recorded."),
)
FORBIDDEN = Problem(
    403,
    gettext_noop("You can’t open this"),
    gettext_noop("The page is for other people. Go back, or start from the list of studies."),
)
TOO_LARGE = Problem(
    413,
    gettext_noop("This request is too large"),
    gettext_noop("Nothing was recorded. A vote is far smaller: reload the page and vote again."),
)
BROKEN = Problem(
    500,
    gettext_noop("Something broke on our side"),
    gettext_noop("It was logged, and no vote of yours is lost. Try again in a moment."),
)


def answer_problem(request: HttpRequest, problem: Problem) -> HttpResponse:
    """Answer in the visitor's language: a problem document for a program, or a page for a person."""
    told = Problem(problem.status, gettext(problem.title), gettext(problem.detail))
    if wants_document(request):
        return problem_document(told)
    template = "500.html" if problem is BROKEN else "error.html"
    return render(request, template, {"problem": told}, status=problem.status)


def wants_document(request: HttpRequest) -> bool:
    """Return whether the client prefers JSON to HTML, takes no HTML at all, or asks the API."""
    if request.path_info.startswith(API):
        return True
    try:
        preferred = request.get_preferred_type(["text/html", *PROBLEM_TYPES])
    except ValueError:  # a malformed Accept header may be disregarded (RFC 9110, section 12.5.1)
        return False
    return bool(request.accepted_types) and preferred != "text/html"


def problem_document(problem: Problem) -> JsonResponse:
    """Return a problem as JSON by RFC 9457."""
    members = {
        "type": "about:blank",
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
    }
    return JsonResponse(members, status=problem.status, content_type=PROBLEM_TYPES[0])


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 400, or 413 for a body that is too large (Django's `handler400`)."""
    if isinstance(exception, UnknownOption):
        return answer_problem(
            request, Problem(400, gettext_noop("This choice doesn’t exist"), str(exception))
        )
    if isinstance(exception, DisallowedHost):
        return answer_problem(request, _unknown_host(request.META.get("HTTP_HOST", "")))
    return answer_problem(request, TOO_LARGE if isinstance(exception, RequestDataTooBig) else UNREADABLE)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 403 (Django's `handler403`)."""
    return answer_problem(request, FORBIDDEN)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 404 (Django's `handler404`)."""
    if isinstance(exception, UnknownAddress):
        return answer_problem(request, Problem(404, NOT_FOUND.title, str(exception)))
    return answer_problem(request, NOT_FOUND)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer 500 (Django's `handler500`)."""
    return answer_problem(request, BROKEN)


def _unknown_host(host: str) -> Problem:
    name = host.rsplit(":", 1)[0] or "that name"
    return Problem(
        400,
        "This arena isn’t served under this address",
        f"ALLOWED_HOSTS must name the host in the address; got “{host}”. "
        f"If you run this arena, add {name} to ALLOWED_HOSTS and start it again. "
        "Otherwise use the address that you were sent.",
    )
