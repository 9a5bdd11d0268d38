"""Every failure of the API as a problem document (RFC 9457)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from ninja import NinjaAPI, Schema
from ninja.errors import AuthenticationError, HttpError, ValidationError
from pydantic import Field

from arena.errors import PROBLEM_TYPES
from arena.standings.slices import UnknownSlice

TITLES = {
    401: "A token is needed",
    403: "This token doesn't allow it",
    404: "There is no such thing",
    422: "A parameter is wrong",
    429: "Too many requests",
}


class Wrong(Schema):
    """One parameter that is wrong."""

    parameter: str
    detail: str


class ProblemDocument(Schema):
    """A failure, by RFC 9457."""

    type: str = Field(description="Always about:blank: the status says what kind it is")
    title: str
    status: int
    detail: str = Field(description="What was asked for, what is allowed, and what to do")
    errors: list[Wrong] | None = Field(None, description="Each parameter that is wrong; with status 422 only")


def handle_failures(api: NinjaAPI) -> None:
    """Have the API answer each of its failures with a problem document."""
    handlers: Mapping[type[Exception], Callable[[HttpRequest, Any], HttpResponse]] = {
        ValidationError: _invalid,
        Http404: _unknown,
        Unknown: _unknown,
        UnknownSlice: _unknown,
        AuthenticationError: _unauthorised,
        HttpError: _refused,
        Exception: _unhandled,
    }
    for kind, handler in handlers.items():
        api.add_exception_handler(kind, handler)


def problem(status: int, detail: str, **members: object) -> HttpResponse:
    """Return a problem document."""
    title = TITLES.get(status, HTTPStatus(status).phrase)
    document = {"type": "about:blank", "title": title, "status": status, "detail": detail, **members}
    return JsonResponse(document, status=status, content_type=PROBLEM_TYPES[0])


class Unknown(LookupError):
    """Name that the API doesn't know; the message lists the known ones."""


def _unknown(request: HttpRequest, error: Exception) -> HttpResponse:
    return problem(404, str(error))


def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    wrong = [_wrong(one) for one in error.errors]
    detail = " ".join(f"{one['parameter']}: {one['detail']}." for one in wrong)
    return problem(422, f"{detail} Correct it and ask again.", errors=wrong)


def _wrong(error: Mapping[str, Any]) -> dict[str, str]:
    return {"parameter": str(error["loc"][-1]), "detail": str(error["msg"])}


def _unauthorised(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    response = problem(
        401,
        "Authorization must be 'Bearer' and a token that holds; got another. Leave it out for what is "
        "public, or ask the organiser for a token.",
    )
    response["WWW-Authenticate"] = "Bearer"
    return response


def _refused(request: HttpRequest, error: HttpError) -> HttpResponse:
    if error.status_code == HTTPStatus.TOO_MANY_REQUESTS:
        return problem(429, "A client may ask only so often in a minute. Wait as long as Retry-After says.")
    response = problem(error.status_code, error.message)
    if error.status_code == HTTPStatus.UNAUTHORIZED:
        response["WWW-Authenticate"] = "Bearer"
    return response


def _unhandled(request: HttpRequest, error: Exception) -> HttpResponse:
    raise error  # Django logs it and calls handler500, which answers programs with a problem document
