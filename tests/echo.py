"""WSGI application for tests of the web worker: it answers how many bytes of the body it read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

LARGE_BYTES = 64 * 2**20


def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    large = environ["PATH_INFO"] == "/large"
    length = int(environ.get("CONTENT_LENGTH") or 0)
    told = f"read {len(environ['wsgi.input'].read(length))}".encode()
    start_response("200 OK", [("Content-Length", str(LARGE_BYTES if large else len(told)))])
    return (bytes(2**16) for _ in range(LARGE_BYTES // 2**16)) if large else [told]
