"""Rate limits on answers and new raters, counted in the database for all processes together."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import time
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.db import models
from django.http import HttpRequest

from arena.prepared import prepared_cursor
from arena.voting.refusals import TooManyRequests

MINUTE_S = 60
HOUR_S = 3600
NETWORK_BITS = 64
"""Part of an IPv6 address that is one subscriber's: the rest can change with each request."""

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class RateCount(models.Model):
    """Number of requests under one name in the window that began last."""

    key = models.CharField(max_length=64, primary_key=True, help_text="HMAC of what is limited")
    window = models.BigIntegerField(db_index=True, help_text="Its first second since 1970")
    count = models.PositiveIntegerField()

    class Meta:
        app_label = "voting"

    def __str__(self) -> str:
        return f"{self.key[:12]}: {self.count}"


@dataclass(frozen=True)
class Limit:
    """Number of requests that count under one name within one window of time."""

    name: str
    most: int
    """Most requests in a window; 0 for no limit."""
    window_s: int


def answer_limits(request: HttpRequest, rater_id: UUID) -> list[Limit]:
    """Return the limits on answers: of the session, and of the address that it comes from."""
    return [
        Limit(f"answers of {rater_id.hex}", settings.ANSWERS_PER_MINUTE, MINUTE_S),
        Limit(f"answers from {client_network(request)}", settings.ANSWERS_PER_MINUTE_AND_ADDRESS, MINUTE_S),
    ]


def rater_limits(request: HttpRequest) -> list[Limit]:
    """Return the limit on new raters from one address."""
    most = settings.NEW_RATERS_PER_HOUR_AND_ADDRESS
    return [Limit(f"raters from {client_network(request)}", most, HOUR_S)]


def count_against(limits: Sequence[Limit]) -> None:
    """Count one request against each limit, in one query.

    In a transaction, a refused request is not counted once the transaction is rolled back.

    Raises:
        TooManyRequests: a limit is exceeded; it says when the next window begins.
    """
    now = int(time.time())
    counted = {_key(limit): limit for limit in limits if limit.most}
    if not counted:
        return
    rows = sorted((key, now // limit.window_s * limit.window_s) for key, limit in counted.items())
    counts = _count(rows)
    waits = [window + counted[key].window_s - now for key, window in rows if counts[key] > counted[key].most]
    if waits:
        raise TooManyRequests(max(waits))


def forget_old_counts() -> None:
    """Delete the counts of windows that ended a day ago or earlier."""
    RateCount.objects.filter(window__lt=int(time.time()) - 24 * HOUR_S).delete()


def client_network(request: HttpRequest) -> str:
    """Return the client's IPv4 address, or the first half of its IPv6 address.

    Each proxy appends the address that it was called from to `X-Forwarded-For`. Entries are believed from the
    end on, as long as they are those of `TRUSTED_PROXIES`; whatever a client wrote stands before them.
    """
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    found = _address(request.META.get("REMOTE_ADDR", ""))  # none on a Unix socket, which only a proxy reaches
    while forwarded and settings.TRUSTED_PROXIES and (found is None or _is_trusted(found)):
        before = _address(forwarded.pop())
        if before is None:
            break
        found = before
    if isinstance(found, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((found, NETWORK_BITS), strict=False))
    return str(found or "unknown")


def _count(rows: Sequence[tuple[str, int]]) -> dict[str, int]:
    """Add one to each count, and begin again where the window is another; return the counts by key.

    The rows are sorted, so that two requests never wait for each other.
    """
    table = RateCount._meta.db_table
    places = ", ".join(["(%s, %s, 1)"] * len(rows))
    same_window = f'{table}."window" = excluded."window"'
    sql = (
        f'INSERT INTO {table} ("key", "window", "count") VALUES {places} '  # noqa: S608 - names of our own
        f'ON CONFLICT ("key") DO UPDATE SET "window" = excluded."window", '
        f'"count" = CASE WHEN {same_window} THEN {table}."count" + 1 ELSE 1 END RETURNING "key", "count"'
    )
    with prepared_cursor() as cursor:
        cursor.execute(sql, [value for row in rows for value in row])
        return dict(cursor.fetchall())


def _key(limit: Limit) -> str:
    """Return the name under which a limit is counted, from which no address can be read."""
    return hmac.digest(settings.SECRET_KEY.encode(), limit.name.encode(), hashlib.sha256).hex()


def _is_trusted(address: Address) -> bool:
    return any(address in network for network in settings.TRUSTED_PROXIES)


def _address(text: str) -> Address | None:
    try:
        address = ipaddress.ip_address(text.strip())
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address
