"""Who asks: a token in the Authorization header, or anybody; and how often each may ask."""

from __future__ import annotations

import math
import time
from threading import Lock

from django.conf import settings
from django.http import HttpRequest
from ninja.security import HttpBearer
from ninja.throttling import BaseThrottle

from arena.api.models import ApiToken
from arena.api.tokens import find_token

WINDOW_S = 60


class Anybody:
    """Client without a token."""

    scopes: tuple[str, ...] = ()


class Token(HttpBearer):
    """A token in the Authorization header. Without the header anybody may ask; a wrong one is refused."""

    def __call__(self, request: HttpRequest) -> ApiToken | Anybody | None:
        """Return who asks, or None for a header without a token that holds."""
        if "Authorization" not in request.headers:
            return Anybody()
        found: ApiToken | None = super().__call__(request)
        return found

    def authenticate(self, request: HttpRequest, token: str) -> ApiToken | None:
        """Return the row of the token."""
        return find_token(token)


class Limit(BaseThrottle):
    """Limit of requests a minute for each address, and for each token, in this process."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._window = 0
        self._counts: dict[str, int] = {}

    def allow_request(self, request: HttpRequest) -> bool:
        """Count the request; return whether it is within the limit."""
        window = int(time.time() // WINDOW_S)
        client = _client(request)
        with self._lock:
            if window != self._window:
                self._window, self._counts = window, {}
            self._counts[client] = self._counts.get(client, 0) + 1
            return self._counts[client] <= settings.API_REQUESTS_PER_MINUTE

    def wait(self) -> float:
        """Return the seconds until the next minute begins."""
        return math.ceil(WINDOW_S - time.time() % WINDOW_S)


def _client(request: HttpRequest) -> str:
    asker = getattr(request, "auth", None)
    if isinstance(asker, ApiToken):
        return f"token {asker.pk}"
    return f"address {_address(request)}"


def _address(request: HttpRequest) -> str:
    """Return the client's address; behind a proxy, the one that the proxy itself saw."""
    forwarded: str = request.META.get("HTTP_X_FORWARDED_FOR", "")
    if settings.BEHIND_PROXY and forwarded:
        return forwarded.rpartition(",")[2].strip()
    return str(request.META.get("REMOTE_ADDR", ""))
