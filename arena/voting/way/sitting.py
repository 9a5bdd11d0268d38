"""How long a rater has been voting without a pause, kept in a cookie, since no number depends on it."""

from __future__ import annotations

import time

from django.conf import settings
from django.http import HttpRequest, HttpResponse

COOKIE = "sitting"
PAUSE_S = 600
"""Time without a vote that counts as a pause."""
LONG_S = 1800
"""Time of voting after which the page suggests a pause."""


def is_long(request: HttpRequest, now_s: float) -> bool:
    """Return whether the rater has been voting for half an hour since the last pause or reminder."""
    return now_s - _began_s(request, now_s) >= LONG_S


def remember_sitting(request: HttpRequest, response: HttpResponse) -> None:
    """Keep when the sitting began and when the last vote came; a reminder begins it anew."""
    now_s = time.time()
    began_s = now_s if is_long(request, now_s) else _began_s(request, now_s)
    response.set_cookie(
        COOKIE,
        f"{began_s:.0f}-{now_s:.0f}",
        max_age=PAUSE_S,
        httponly=True,
        samesite="Lax",
        secure=settings.RATER_COOKIE_SECURE,
    )


def _began_s(request: HttpRequest, now_s: float) -> float:
    began, _, last = request.COOKIES.get(COOKIE, "").partition("-")
    known = all(part.isascii() and part.isdecimal() and len(part) < 15 for part in (began, last))
    if not known or not int(began) <= int(last) <= now_s or now_s - int(last) > PAUSE_S:
        return now_s
    return float(began)
