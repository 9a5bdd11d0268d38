"""Reports of errors to Sentry, without anything about the person whose request failed."""

from __future__ import annotations

import re
from typing import Any

from django.conf import settings

from arena.version import VERSION

KEPT_OF_REQUEST = ("method",)
"""What a report keeps of a request: addresses hold tokens of ballots, and headers hold cookies."""
ADDRESS = re.compile(r"([a-z][a-z0-9+.-]*://)[^\s'\"<>]+", re.IGNORECASE)
"""Addresses in messages: they may hold tokens, and those of databases passwords."""
PATH_WITH_TOKEN = re.compile(r"/(ballots|media|sign-in)/[^\s'\"<>]+")


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
    """Drop from a report what could identify a person or open a door: cookies, addresses, arguments."""
    event.pop("user", None)
    event.pop("breadcrumbs", None)
    request = event.get("request")
    if request is not None:
        event["request"] = {name: request[name] for name in KEPT_OF_REQUEST if name in request}
    _strip_task(event)
    _strip_messages(event)
    return event


def _strip_task(event: Any) -> None:  # noqa: ANN401 - as above
    """Keep the name of a failed task; its arguments and the command line may hold tokens and addresses."""
    task = event.pop("extra", {}).get("celery-job", {}).get("task_name")
    if task:
        event["extra"] = {"task": task}


def _strip_messages(event: Any) -> None:  # noqa: ANN401 - as above
    """Keep the template of a log line without its values, and an exception's message without addresses."""
    if "logentry" in event:
        event["logentry"] = {"message": _without_addresses(str(event["logentry"].get("message", "")))}
    for raised in (event.get("exception") or {}).get("values", []):
        if raised.get("value"):
            raised["value"] = _without_addresses(str(raised["value"]))


def _without_addresses(text: str) -> str:
    return PATH_WITH_TOKEN.sub(r"/\1/…", ADDRESS.sub(r"\1…", text))
