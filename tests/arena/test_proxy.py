"""The documented nginx configuration in front of gunicorn, with the addresses and paths of a test."""

from __future__ import annotations

import http.client
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.factories_serving import ROOT, environment, free_port, gunicorn

HOST = "arena.example.org"
CONNECTIONS = 12
STOPPABLE = ("--workers", "1", "--threads", "2", "--worker-class", "gthread")
"""Options of a server that two half-sent requests stop, so that only the proxy can help it."""
pytestmark = pytest.mark.slow


def _certificate(folder: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = datetime.now(UTC)
    built = x509.CertificateBuilder(
        name, name, key.public_key(), 1, now - timedelta(days=1), now + timedelta(days=1)
    ).add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
    signed = built.sign(key, hashes.SHA256())
    pem = serialization.Encoding.PEM
    (folder / "cert.pem").write_bytes(signed.public_bytes(pem))
    plain = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "key.pem").write_bytes(key.private_bytes(pem, *plain))
    return folder / "cert.pem", folder / "key.pem"


def _configuration(folder: Path, port: int, behind: int) -> Path:
    cert, key = _certificate(folder)
    text = (ROOT / "docs" / "nginx.conf").read_text()
    replaced = {
        "listen 443 ssl http2;": f"listen 127.0.0.1:{port} ssl http2;",
        "server 127.0.0.1:8000;": f"server 127.0.0.1:{behind};",
        "/etc/ssl/arena.example.org.pem": str(cert),
        "/etc/ssl/arena.example.org.key": str(key),
        "client_header_timeout 10s;": "client_header_timeout 3s;",
        "limit_conn paddock_connections 200;": f"limit_conn paddock_connections {CONNECTIONS};",
    }
    for old, new in replaced.items():
        assert text.count(old) == 1
        text = text.replace(old, new)
    own = f"daemon off; pid {folder}/pid; error_log {folder}/error.log; events {{}}\n"
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = " ".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)
    path = folder / "nginx.conf"
    path.write_text(f"{own}http {{ access_log off; {temporary}\n{text}\n}}")
    return path


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    folder = tmp_path_factory.mktemp("proxy")
    folder.chmod(0o755)
    port = free_port()
    config = "python:arena.gunicorn_conf"
    with gunicorn("tests.echo", config, environment(folder), *STOPPABLE) as (behind, _):
        command = ["nginx", "-p", str(folder), "-e", str(folder / "error.log")]
        proxy = subprocess.Popen([*command, "-c", str(_configuration(folder, port, behind))])
        try:
            _await(port, proxy)
            yield port
        finally:
            proxy.terminate()
            proxy.wait(30)


def _await(port: int, proxy: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        assert proxy.poll() is None
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    pytest.fail("nginx doesn't listen")


def _connect(port: int) -> ssl.SSLSocket:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    plain = socket.create_connection(("127.0.0.1", port), timeout=30)
    return context.wrap_socket(plain, server_hostname=HOST)


def _ask(port: int, method: str = "GET", body: bytes | None = None) -> tuple[int, bytes]:
    with closing(http.client.HTTPConnection("localhost")) as client:
        client.sock = _connect(port)
        client.request(method, "/", body, {"Host": HOST})
        response = client.getresponse()
        return response.status, response.read()


def test_a_form_reaches_the_arena(port: int) -> None:
    assert _ask(port, "POST", b"outcome=a") == (200, b"read 9")


def test_a_body_that_is_too_large_stays_outside(port: int) -> None:
    assert _ask(port, "POST", bytes(300 * 1024))[0] == 413


@pytest.mark.parametrize(
    "sent",
    [b"GET / HTTP/1.1\r\nHost: arena", b"POST / HTTP/1.1\r\nHost: arena\r\nContent-Length: 9\r\n\r\nfour"],
    ids=["head", "body"],
)
def test_others_are_served_while_many_requests_stay_half_sent(port: int, sent: bytes) -> None:
    with ExitStack() as open_until_end:
        clients = [open_until_end.enter_context(_connect(port)) for _ in range(CONNECTIONS - 2)]
        for client in clients:
            client.sendall(sent)
        assert _ask(port) == (200, b"read 0")
        assert clients[0].recv(2**16)[:12] in (b"", b"HTTP/1.1 408")


def test_one_address_cant_hold_all_connections(port: int) -> None:
    with ExitStack() as open_until_end:
        for _ in range(CONNECTIONS + 1):
            last = open_until_end.enter_context(_connect(port))
            last.sendall(b"POST / HTTP/1.1\r\nHost: arena\r\nContent-Length: 9\r\n\r\n")
        assert last.recv(2**16).startswith(b"HTTP/1.1 429")
