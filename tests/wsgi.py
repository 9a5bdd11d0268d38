"""The web application as a server calls it: nothing of Django's test client lies between."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from django.core import signals
from django.db import close_old_connections
from django.urls import get_script_prefix, set_script_prefix

from arena.wsgi import application

if TYPE_CHECKING:
    from _typeshed import OptExcInfo


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


def call(path: str = "/", method: str = "GET", body: bytes = b"", /, **environ: str) -> Answer:
    """Send one request; names of `environ` are WSGI's, such as HTTP_ACCEPT."""
    told: list[tuple[str, list[tuple[str, str]]]] = []

    def start(
        status: str, headers: list[tuple[str, str]], exc_info: OptExcInfo | None = None, /
    ) -> Callable[[bytes], object]:
        told.append((status, headers))
        return lambda _: None

    plain: dict[str, object] = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "CONTENT_LENGTH": str(len(body)),
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "localhost",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
    }
    with _connection_kept(), _prefix_kept():
        parts = application({**plain, **environ}, start)
        try:
            sent = b"".join(parts)
        finally:
            getattr(parts, "close", lambda: None)()
    [(status, headers)] = told
    return Answer(int(status.split()[0]), dict(headers), sent)


@contextmanager
def _prefix_kept() -> Iterator[None]:
    """Put the path of the site back, which a request sets for its whole thread."""
    before = get_script_prefix()
    try:
        yield
    finally:
        set_script_prefix(before)


@contextmanager
def _connection_kept() -> Iterator[None]:
    """Keep the connection that holds the test's own transaction, as Django's test client does."""
    ends = (signals.request_started, signals.request_finished)
    for end in ends:
        end.disconnect(close_old_connections)
    try:
        yield
    finally:
        for end in ends:
            end.connect(close_old_connections)
