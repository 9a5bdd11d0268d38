"""Language of each answer: the visitor's choice, kept in a cookie, or what their browser asks for."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache, wraps
from pathlib import Path
from typing import Concatenate, ParamSpec

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import translation
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe
from django.views.i18n import JavaScriptCatalog
from django.views.i18n import set_language as store_language

P = ParamSpec("P")
CHOSEN_BY = ("Accept-Language", "Cookie")
"""Headers that the language of a page depends on."""
TEXTS_KEPT_S = 365 * 24 * 3600

# Without a CSRF token: a token would set a cookie on every page, and the language is all that is at stake.
set_language = csrf_exempt(store_language)


def speak(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Middleware: answer in the visitor's language, and leave the thread's language as it was."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        language = translation.get_language_from_request(request)
        with translation.override(language):
            response = get_response(request)
        is_page = response.headers.get("Content-Type", "").startswith("text/html")
        if is_page and "Content-Language" not in response.headers:
            response.headers["Content-Language"] = language
            patch_vary_headers(response, CHOSEN_BY)
        return response

    return answer


def in_english(
    view: Callable[Concatenate[HttpRequest, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """Answer in English whatever the visitor's language, since the page's texts have no translation."""

    @wraps(view)
    def answer(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        request.in_english_only = True  # type: ignore[attr-defined]  # the page offers no other language
        with translation.override("en"):
            response = view(request, *args, **kwargs)
        response.headers["Content-Language"] = "en"
        return response

    return answer  # type: ignore[return-value]  # the first argument may have any name


@require_safe
def texts(request: HttpRequest, language: str, version: str) -> HttpResponseBase:
    """Answer the texts of scripts in one language; the version in the address makes caches current."""
    if language not in dict(settings.LANGUAGES):
        raise Http404
    with translation.override(language):
        response = JavaScriptCatalog.as_view()(request)
    patch_cache_control(response, public=True, max_age=TEXTS_KEPT_S)
    return response


def languages_of_pages(request: HttpRequest) -> dict[str, object]:
    """Return each language under its own name, and the version of scripts' texts (a context processor)."""
    return {"languages": tuple(settings.LANGUAGES), "texts_version": _version_of_texts()}


@cache
def _version_of_texts() -> str:
    compiled = sorted(Path(settings.LOCALE_PATHS[0]).glob("*/LC_MESSAGES/djangojs.mo"))
    return hashlib.sha256(b"".join(file.read_bytes() for file in compiled)).hexdigest()[:12]
