"""HTTP around the API's views: HEAD, ETag and If-None-Match, and caches that ask again."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.http.response import HttpResponseBase
from django.urls import URLPattern, URLResolver
from django.utils.cache import patch_vary_headers, set_response_etag
from django.utils.http import parse_etags

View = Callable[..., HttpResponseBase]
KEPT = ("ETag", "Cache-Control", "Vary")
"""Headers that an answer of 304 has as that of 200 would."""
READING = "GET, HEAD"


def conditional(patterns: Sequence[URLPattern | URLResolver]) -> list[URLPattern | URLResolver]:
    """Return the API's addresses with views that answer HEAD and If-None-Match."""
    for pattern in patterns:
        if isinstance(pattern, URLPattern):
            pattern.callback = _conditional(pattern.callback)
    return list(patterns)


def _conditional(view: View) -> View:
    @functools.wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:  # noqa: ANN401 - the view's
        response = _as_get(view, request, *args, **kwargs)
        if response.status_code == 405:
            response["Allow"] = READING
        if response.status_code != 200:
            return response
        response["Cache-Control"] = "private, no-cache" if "Authorization" in request.headers else "no-cache"
        patch_vary_headers(response, ["Authorization"])
        return _unless_known(request, response) if isinstance(response, HttpResponse) else response

    return answer


def _as_get(view: View, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:  # noqa: ANN401 - the view's
    """Run the view as for GET: the body of an answer to HEAD is dropped later on, with its length kept."""
    if request.method != "HEAD":
        return view(request, *args, **kwargs)
    request.method = "GET"
    try:
        return view(request, *args, **kwargs)
    finally:
        request.method = "HEAD"


def _unless_known(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Return 304 to a client that has this answer already."""
    set_response_etag(response)
    known = parse_etags(request.headers.get("If-None-Match", ""))
    if known != ["*"] and response["ETag"] not in (tag.removeprefix("W/") for tag in known):
        return response
    short = HttpResponseNotModified()
    for name in KEPT:
        short[name] = response[name]
    return short
