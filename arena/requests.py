"""Checks and repairs of requests before any view sees them."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import parse_header_parameters
from django.utils.translation import gettext

from arena.errors import TOO_LARGE, UNREADABLE, Problem, answer_problem

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

FAULT = "paddock.fault"
CHARSETS = ("utf-8", "ascii")
UPLOADS = re.compile(r"/organise/.+/upload/\Z")
"""Addresses that take files from people who are signed in, within limits of their own."""
LARGEST_UPLOAD_BYTES = 8 * 2**30
PREFIX = re.compile(r"(/[\w.~-]+)+", re.ASCII)


def tolerant(application: WSGIApplication) -> WSGIApplication:
    """Wrap a WSGI application: accept a proxy's path prefix, and repair or mark what Django can't parse."""

    def serve(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if _length(environ) is None:
            environ["CONTENT_LENGTH"] = ""  # Django reads no body then either, but fails on a form's length
        fault = _fault(environ) or _mount(environ)
        if fault:
            environ[FAULT] = fault
            environ["CONTENT_TYPE"] = ""  # Django fails on a bad one before its own error handling starts
        return application(environ, start_response)

    return serve


def gate(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Middleware: refuse unreadable requests, give refused methods a page, and send HEAD no body."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        fault = request.META.get(FAULT) or _fault(request.META)
        response = get_response(request) if fault is None else answer_problem(request, fault)
        if response.status_code == 405:
            response = _wrong_method(request, response["Allow"])
        return _without_body(response) if request.method == "HEAD" else response

    return answer


def _mount(environ: WSGIEnvironment) -> Problem | None:
    """Remove a proxy's path prefix from the request's path; return a problem if its header is malformed."""
    prefix: str = settings.FORCE_SCRIPT_NAME or ""
    path: str = environ.get("PATH_INFO", "")
    if prefix and path.startswith(f"{prefix}/"):
        environ["PATH_INFO"] = path.removeprefix(prefix)
    forwarded: str = environ.get("HTTP_X_FORWARDED_PREFIX", "").rstrip("/")
    if not settings.BEHIND_PROXY or not forwarded or prefix:
        return None
    if not PREFIX.fullmatch(forwarded):
        return UNREADABLE
    environ["SCRIPT_NAME"] = forwarded  # by convention the proxy has already removed it from the path
    return None


def _fault(environ: Mapping[str, Any]) -> Problem | None:
    """Return why no view can read the request, or None."""
    query: str = environ.get("QUERY_STRING", "")
    # PostgreSQL stores no NUL in a text, and fails on a query for one.
    with_nul = "\0" in environ.get("PATH_INFO", "") or "%00" in query
    many_fields = query.count("&") >= settings.DATA_UPLOAD_MAX_NUMBER_FIELDS
    if with_nul or many_fields or not _is_read(environ.get("CONTENT_TYPE", "")):
        return UNREADABLE
    return TOO_LARGE if (_length(environ) or 0) > _most_bytes(environ) else None


def _most_bytes(environ: Mapping[str, Any]) -> int:
    is_upload = UPLOADS.search(environ.get("PATH_INFO", "")) is not None
    return LARGEST_UPLOAD_BYTES if is_upload else settings.DATA_UPLOAD_MAX_MEMORY_SIZE


def _length(environ: Mapping[str, Any]) -> int | None:
    """Return the stated length of the body in bytes, 0 without one; None if it is no such number."""
    length: str = environ.get("CONTENT_LENGTH") or "0"
    is_number = length.isascii() and length.isdecimal() and len(length) < 20
    return int(length) if is_number else None


def _is_read(content_type: str) -> bool:
    """Return whether the content type can be parsed and its charset is supported."""
    try:
        _, parameters = parse_header_parameters(content_type)
        return codecs.lookup(parameters.get("charset", "utf-8")).name in CHARSETS
    except (LookupError, ValueError):
        return False


def _wrong_method(request: HttpRequest, allowed: str) -> HttpResponse:
    title = gettext("This address doesn’t take %(method)s") % {"method": request.method}
    detail = gettext("It answers %(methods)s.") % {"methods": allowed}
    response = answer_problem(request, Problem(405, title, detail))
    response["Allow"] = allowed
    return response


def _without_body(response: HttpResponseBase) -> HttpResponseBase:
    """Drop the body and keep the headers, including the length."""
    if isinstance(response, HttpResponse):
        response.content = b""
        return response
    response.streaming_content = _nothing()  # type: ignore[attr-defined]
    return response


def _nothing() -> Iterator[bytes]:
    yield from ()
