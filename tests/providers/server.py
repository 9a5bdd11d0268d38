"""An HTTP server on loopback with a face per provider, and a second one that nobody may be sent to."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.providers.clips import Clips
from tests.providers.face import ConnectionDropped, Face, Received, Reply
from tests.providers.faces import FACES


class _Quiet(ThreadingHTTPServer):
    """Server that prints nothing of a client that hangs up."""

    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - as the base class has it
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class Server:
    """Fake providers, by name, and what the foreign server was asked."""

    def __init__(self, clips: Clips) -> None:
        """Bind two ports; nothing is answered before `start`."""
        self.foreign_requests: list[str] = []
        self._foreign = _Quiet(("127.0.0.1", 0), _foreign_handler(self.foreign_requests))
        self._http = _Quiet(("127.0.0.1", 0), _handler(self))
        self.origin = f"http://127.0.0.1:{self._http.server_port}"
        foreign_origin = f"http://127.0.0.1:{self._foreign.server_port}"
        self.faces: dict[str, Face] = {face.name: face(clips, self.origin, foreign_origin) for face in FACES}

    @contextmanager
    def running(self) -> Iterator[Server]:
        """Answer requests until the block ends."""
        servers = (self._http, self._foreign)
        for server in servers:
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        try:
            yield self
        finally:
            for server in servers:
                server.shutdown()
                server.server_close()

    def answer(self, request: Received) -> tuple[Reply, int | None]:
        """Return the reply to a request, and after how many bytes the connection is cut."""
        _, first, *rest = request.path.split("/", 2)
        if first == "media":
            return self.faces[rest[0].split("/")[0]].media(request.headers)
        inner = Received(request.method, f"/{rest[0]}", request.query, request.headers, request.body)
        return self.faces[first].handle(inner), None


def _handler(server: Server) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            """Print nothing."""

        def _serve(self) -> None:
            try:
                reply, cut = server.answer(_read(self))
            except ConnectionDropped:
                self.close_connection = True
                return
            _write(self, reply, cut)

        do_GET = do_POST = do_PUT = do_DELETE = _serve  # noqa: N815 - the names that the base class looks for

    return Handler


def _foreign_handler(requests: list[str]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Print nothing."""

        def do_GET(self) -> None:
            requests.append(self.path)
            self.send_error(404)

    return Handler


def _read(handler: BaseHTTPRequestHandler) -> Received:
    parts = urlsplit(handler.path)
    content = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
    body: dict[str, Any] = json.loads(content) if content else {}
    headers: Mapping[str, str] = {name.lower(): value for name, value in handler.headers.items()}
    return Received(handler.command, parts.path, dict(parse_qsl(parts.query)), headers, body)


def _write(handler: BaseHTTPRequestHandler, reply: Reply, cut: int | None) -> None:
    content = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
    handler.send_response(reply.status)
    for name, value in {"Content-Type": "application/json", **reply.headers}.items():
        handler.send_header(name, value)
    handler.send_header("Content-Length", str(len(content)))
    handler.end_headers()
    handler.wfile.write(content[:cut])
    if cut is not None:
        handler.close_connection = True
