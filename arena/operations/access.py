"""Who may read the metrics: a scraper with the token, or a process on this machine."""

from __future__ import annotations

from ipaddress import ip_address
from secrets import compare_digest

from django.conf import settings
from django.http import HttpRequest

PROXY_HEADERS = ("HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_VIA")


def may_read_metrics(request: HttpRequest) -> bool:
    """Return whether a request has the token of `METRICS_TOKEN`; without that setting, whether it is local.

    A proxy on this machine makes every visitor look local, so that behind one only the token counts.
    """
    if settings.METRICS_TOKEN:
        given = request.headers.get("Authorization", "")
        return compare_digest(given.encode(), f"Bearer {settings.METRICS_TOKEN}".encode())
    through_proxy = settings.BEHIND_PROXY or any(name in request.META for name in PROXY_HEADERS)
    return not through_proxy and _is_local(request.META.get("REMOTE_ADDR", ""))


def _is_local(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:  # a Unix socket has no address
        return False
