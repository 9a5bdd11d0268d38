"""A receiver of webhooks: a real HTTP server on loopback that checks every signature with the library."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from django.test import override_settings
from standardwebhooks import Webhook

from arena.webhooks.endpoints import add_endpoint
from arena.webhooks.models import Endpoint


@dataclass
class Receiver:
    """Server that answers with the statuses it is given, and then with 204."""

    origin: str
    statuses: list[int] = field(default_factory=list)
    secret: str = ""
    bodies: list[dict[str, Any]] = field(default_factory=list)
    """Messages whose signature was right."""
    headers: list[dict[str, str]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)

    def add(self, *events: str) -> Endpoint:
        """Add this receiver as an endpoint."""
        added = add_endpoint(address=f"{self.origin}/hook?token=private", events=events)
        self.secret = added.secret
        return added.endpoint

    def take(self, body: bytes, headers: dict[str, str], path: str) -> int:
        """Check a message, and return the status to answer with."""
        self.bodies.append(Webhook(self.secret).verify(body, headers))
        self.headers.append({name.lower(): value for name, value in headers.items()})
        self.paths.append(path)
        return self.statuses.pop(0) if self.statuses else 204


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Run a receiver whose origin the settings name as private."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    receiver = Receiver(f"http://127.0.0.1:{server.server_port}")
    server.receiver = receiver  # type: ignore[attr-defined]
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        with override_settings(WEBHOOK_PRIVATE_ORIGINS=[receiver.origin]):
            yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        receiver: Receiver = self.server.receiver  # type: ignore[attr-defined]
        status = receiver.take(body, dict(self.headers), self.path)
        self.send_response(status)
        if 300 <= status < 400:
            self.send_header("location", "/elsewhere")
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass
