"""Anonymous raters: a random id in a signed cookie, and nothing else about the person."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.core import signing
from django.db.models import UUIDField
from django.http import HttpRequest, HttpResponse

from arena.prepared import Given, Prepared
from arena.voting.models import Rater

COOKIE_SALT = "rater"
PERSON = Prepared(lambda: Rater.objects.filter(pk=Given("rater", UUIDField()), simulated=False))


def current_rater(request: HttpRequest) -> Rater | None:
    """Return the rater of the request's signed cookie, or None."""
    rater_id = current_rater_id(request)
    return PERSON.first(rater=rater_id) if rater_id else None


def current_rater_id(request: HttpRequest) -> uuid.UUID | None:
    """Return the id in the request's signed cookie, or None; its row may be gone from the database."""
    try:
        return uuid.UUID(request.get_signed_cookie(settings.RATER_COOKIE_NAME, salt=COOKIE_SALT))
    except (KeyError, ValueError, signing.BadSignature):
        return None


def remember_rater(response: HttpResponse, rater: Rater) -> None:
    """Set the cookie that identifies the rater on later requests."""
    response.set_signed_cookie(
        settings.RATER_COOKIE_NAME,
        rater.pk.hex,
        salt=COOKIE_SALT,
        max_age=settings.RATER_COOKIE_AGE_S,
        httponly=True,
        samesite="Lax",
        secure=settings.RATER_COOKIE_SECURE,
    )
