"""gunicorn's threaded worker, changed so that slow clients cost it a socket and no thread.

gunicorn 27 gives each connection a thread before its request has arrived: as many half-sent requests as
there are threads stop the server. It also waits in its main loop, up to two seconds, for each client that
does not close a finished connection. Here one selector reads requests until they are whole, and waits for
such clients.
"""

from __future__ import annotations

import re
import selectors
import socket
import time
from collections import deque
from concurrent.futures import Future
from functools import partial
from typing import Any

from django.conf import settings
from gunicorn.http import get_parser
from gunicorn.util import write_error
from gunicorn.workers.gthread import TConn, ThreadWorker

ARRIVAL_S = 10.0
"""Time within which a request must have arrived, with its body."""
STALL_S = 30.0
"""Time within which a client must take 64 KiB of a response."""
LINGER_S = 2.0
"""Time that a client gets to close a finished connection (RFC 9112, section 9.6)."""
HEAD_BYTES = 32 * 1024
CHUNK_BYTES = 64 * 1024
HEAD_END = b"\r\n\r\n"
LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,18})[ \t]*\r\n", re.IGNORECASE)
EXPECTS = re.compile(rb"\r\nexpect:[ \t]*100-continue", re.IGNORECASE)


class HeadTooLarge(ValueError):
    """Request whose head has more than `HEAD_BYTES`."""


def bytes_missing(received: bytes | bytearray, largest_body: int) -> int:
    """Return how many bytes of a request have yet to arrive, at least; 0 if it can be handled.

    A body that is larger than allowed is not waited for: the application refuses it by its length. A chunked
    body isn't either, since Django reads only bodies that state their length.

    Raises:
        HeadTooLarge: the head does not end within `HEAD_BYTES`.
    """
    end = received.find(HEAD_END, 0, HEAD_BYTES)
    if end < 0:
        if len(received) >= HEAD_BYTES:
            raise HeadTooLarge
        return 1
    body_start = end + len(HEAD_END)
    stated = LENGTH.search(received, 0, body_start)
    length = int(stated[1]) if stated else 0
    return 0 if length > largest_body else max(0, body_start + length - len(received))


class PatientWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn publishes no types
    """Threaded worker whose threads get whole requests only."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - gunicorn's own arguments
        super().__init__(*args, **kwargs)
        self.lingering: deque[TConn] = deque()

    def enqueue_req(self, conn: TConn) -> None:
        """Wait for a new request on a connection; a part of it may have come with the one before."""
        conn.received = bytearray(conn.parser.unreader.take_buffered() if conn.parser else b"")
        conn.told_to_continue = False
        conn.timeout = time.monotonic() + ARRIVAL_S
        conn.sock.setblocking(False)
        self.pending_conns.append(conn)
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self.on_pending_socket_readable, conn))
        if conn.received:
            self._hand_over_if_whole(conn)

    def on_pending_socket_readable(self, conn: TConn, client: socket.socket) -> None:
        """Read what has arrived; give the request to a thread once it is whole."""
        try:
            chunk = client.recv(CHUNK_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            chunk = b""
        if not chunk:
            self._drop(conn)
            return
        conn.received += chunk
        self._hand_over_if_whole(conn)

    def handle_request(self, req: Any, conn: TConn) -> Any:  # noqa: ANN401 - gunicorn's own types
        """Answer a request; a client that takes nothing for too long loses its connection."""
        conn.sock.settimeout(STALL_S)
        return super().handle_request(req, conn)

    def finish_request(self, conn: TConn, fs: Future[Any]) -> None:
        """Keep a connection for its next request, or close it without waiting for the client here."""
        ended = fs.cancelled() or fs.exception() is not None or not fs.result()
        if ended:
            self._linger(conn)
        else:
            super().finish_request(conn, fs)

    def murder_pending(self) -> None:
        """Close connections whose request took too long to arrive, or that clients did not close."""
        super().murder_pending()
        now = time.monotonic()
        while self.lingering and self.lingering[0].timeout <= now:
            self._end(self.lingering.popleft())

    def _hand_over_if_whole(self, conn: TConn) -> None:
        try:
            missing = bytes_missing(conn.received, settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
        except HeadTooLarge:
            write_error(conn.sock, 431, "Request Header Fields Too Large", "The request's head is too large.")
            self._drop(conn)
            return
        if missing:
            self._tell_to_continue(conn)
            return
        self._forget(conn)
        conn.parser = conn.parser or get_parser(self.cfg, conn.sock, conn.client)
        conn.parser.unreader.unread(bytes(conn.received))
        conn.received, conn.data_ready = bytearray(), True
        super().enqueue_req(conn)

    def _tell_to_continue(self, conn: TConn) -> None:
        """Ask for the body that a client holds back until it is asked."""
        head = conn.received[: conn.received.find(HEAD_END) + 2]
        if head and not conn.told_to_continue and EXPECTS.search(head):
            conn.told_to_continue = True
            conn.sock.send(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _linger(self, conn: TConn) -> None:
        try:
            conn.sock.shutdown(socket.SHUT_WR)
            conn.sock.setblocking(False)
            self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._discard, conn))
        except (OSError, ValueError, KeyError):  # the client was faster
            self.nr_conns -= 1
            conn.close()
            return
        conn.timeout = time.monotonic() + LINGER_S
        self.lingering.append(conn)

    def _discard(self, conn: TConn, client: socket.socket) -> None:
        try:
            if client.recv(CHUNK_BYTES):
                return
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            pass
        self.lingering.remove(conn)
        self._end(conn)

    def _drop(self, conn: TConn) -> None:
        self._forget(conn)
        self.nr_conns -= 1
        conn.close()

    def _end(self, conn: TConn) -> None:
        self.poller.unregister(conn.sock)
        self.nr_conns -= 1
        conn.close()

    def _forget(self, conn: TConn) -> None:
        self.poller.unregister(conn.sock)
        self.pending_conns.remove(conn)
