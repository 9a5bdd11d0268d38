"""Reports of errors to Sentry, without anything about the person whose request failed."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from arena.version import VERSION

KEPT_OF_REQUEST = ("method",)
"""What a report keeps of a request: addresses hold tokens of ballots, and headers hold cookies."""


def start_reporting() -> bool:
    """Report errors of this process from now on if `SENTRY_DSN` is set; return whether it is.

    Processes call it when they start: the web server, a worker and beat. No import of ours does.
    """
    if not settings.SENTRY_DSN:
        return False
    import sentry_sdk

    sentry_sdk.init(
        dsn=settings.SENTRY_DSN,
        release=f"paddock@{VERSION}",
        environment=settings.ENVIRONMENT,
        send_default_pii=False,
        include_local_variables=False,
        max_request_body_size="never",
        max_breadcrumbs=0,
        server_name="",
        traces_sample_rate=0,
        before_send=strip_person,
    )
    return True


def strip_person(event: Any, hint: dict[str, Any]) -> Any:  # noqa: ANN401 - Sentry's own type is `Any` in parts
    """Drop from a report what could identify a person: user, cookies, headers, address, query and body."""
    event.pop("user", None)
    event.pop("breadcrumbs", None)
    request = event.get("request")
    if request is not None:
        event["request"] = {name: request[name] for name in KEPT_OF_REQUEST if name in request}
    return event
