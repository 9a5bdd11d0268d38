"""Slow and silent clients don't keep others from being served. The server under test has two threads."""

from __future__ import annotations

import socket
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arena.web_worker import HEAD_BYTES, HeadTooLarge, bytes_missing
from tests.factories_serving import environment, gunicorn

PATIENCE_S = 30
CONFIG = """
from arena.gunicorn_conf import *
import arena.web_worker
arena.web_worker.ARRIVAL_S = 1.5
arena.web_worker.STALL_S = 1.0
threads = 2
"""
GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
HALVES = {
    "silence": b"",
    "half a request line": b"GET / HT",
    "half a header": b"GET / HTTP/1.1\r\nHost: local",
    "half a body": b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nfour",
    "a whole request and half of the next": GET + GET[:20],
}


def test_a_request_is_whole_once_its_stated_body_is_there() -> None:
    assert bytes_missing(HALVES["half a body"], 100) == 5
    assert bytes_missing(HALVES["half a body"] + b"12345", 100) == 0
    assert bytes_missing(GET, 100) == 0


def test_a_body_that_will_be_refused_is_not_waited_for() -> None:
    assert bytes_missing(HALVES["half a body"], 8) == 0


@given(st.binary(max_size=200), st.integers(0, 50))
def test_no_part_of_a_request_is_taken_for_the_whole(body: bytes, cut: int) -> None:
    request = b"POST / HTTP/1.1\r\ncontent-LENGTH:%d\r\n\r\n%s" % (len(body), body)
    assert bytes_missing(request, 1000) == 0
    if 0 < cut <= len(request):
        assert bytes_missing(request[:-cut], 1000) > 0


def test_a_head_without_an_end_is_refused() -> None:
    with pytest.raises(HeadTooLarge):
        bytes_missing(b"GET / HTTP/1.1\r\nX: " + b"x" * HEAD_BYTES, 100)


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    folder = tmp_path_factory.mktemp("served")
    config = folder / "conf.py"
    config.write_text(CONFIG)
    served = gunicorn("tests.echo", str(config), environment(folder), "--workers", "1")
    with served as (port, _):
        yield port


def _connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)


def _read(client: socket.socket) -> bytes:
    """Return everything until the server closes."""
    return b"".join(iter(lambda: client.recv(2**16), b""))


def _read_to(client: socket.socket, end: bytes) -> bytes:
    """Return what the server sends up to these bytes."""
    received = b""
    while not received.endswith(end):
        chunk = client.recv(2**16)
        assert chunk, received
        received += chunk
    return received


def _get(port: int) -> bytes:
    body: bytes = urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=PATIENCE_S).read()
    return body


@pytest.mark.slow
@pytest.mark.parametrize("sent", HALVES.values(), ids=HALVES)
def test_others_are_served_while_forty_requests_stay_half_sent(port: int, sent: bytes) -> None:
    with ExitStack() as open_until_end:
        for _ in range(40):
            client = open_until_end.enter_context(_connect(port))
            client.sendall(sent)
        assert _get(port) == b"read 0"
        assert _read(client).count(b"HTTP/1.1 200") == (1 if sent.startswith(GET) else 0)  # and then hung up


@pytest.mark.slow
def test_others_are_served_while_finished_connections_stay_open(port: int) -> None:
    with ExitStack() as open_until_end:
        for _ in range(40):
            client = open_until_end.enter_context(_connect(port))
            client.sendall(b"GET / HTTP/1.0\r\n\r\n")
            assert _read(client).endswith(b"read 0")
        assert _get(port) == b"read 0"


@pytest.mark.slow
def test_a_client_that_takes_no_response_loses_its_connection(port: int) -> None:
    with ExitStack() as open_until_end:
        for _ in range(4):  # twice as many as there are threads
            client = open_until_end.enter_context(_connect(port))
            client.sendall(GET.replace(b"GET /", b"GET /large"))
        assert _get(port) == b"read 0"


@pytest.mark.slow
def test_requests_arrive_in_any_pieces(port: int) -> None:
    request = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nabcde"
    with _connect(port) as client:
        for byte in request:
            client.sendall(bytes([byte]))
        _read_to(client, b"read 5")
        client.sendall(request)  # on the same connection
        _read_to(client, b"read 5")


@pytest.mark.slow
def test_requests_sent_together_are_all_answered(port: int) -> None:
    with _connect(port) as client:
        client.sendall(GET * 2 + GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        assert _read(client).count(b"read 0") == 3


@pytest.mark.slow
def test_a_body_held_back_is_asked_for(port: int) -> None:
    head = b"POST / HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 3\r\n"
    with _connect(port) as client:
        client.sendall(head + b"Connection: close\r\n\r\n")
        _read_to(client, b"HTTP/1.1 100 Continue\r\n\r\n")
        client.sendall(b"abc")
        assert _read(client).endswith(b"read 3")


@pytest.mark.slow
def test_a_head_that_is_too_large_is_refused_by_its_status(port: int) -> None:
    with _connect(port) as client:
        client.sendall(b"GET / HTTP/1.1\r\nX: " + b"x" * HEAD_BYTES)
        assert client.recv(2**16).startswith(b"HTTP/1.1 431")
