from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.error import URLError
from urllib.parse import urlencode

import pytest

from tests.factories_media import tone, write_clip

MANAGE = Path(__file__).parents[3] / "manage.py"
pytestmark = pytest.mark.slow


def _environment(data: Path) -> dict[str, str]:
    foreign = ("DATABASE_URL", "SECRET_KEY", "ALLOWED_HOSTS", "PADDOCK_ENVIRONMENT", "SECURE_SSL_REDIRECT")
    kept = {name: value for name, value in os.environ.items() if name not in foreign}
    return {**kept, "DATA_DIR": str(data)}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _served(data: Path) -> Iterator[str]:
    """Serve the arena by `manage.py serve`; yield its plain HTTP address."""
    port = _free_port()
    command = [sys.executable, str(MANAGE), "serve", "--host", "127.0.0.1", "--port", str(port)]
    server = subprocess.Popen(command, env=_environment(data), stdout=subprocess.PIPE, text=True)
    try:
        _wait(f"http://127.0.0.1:{port}/", server)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.send_signal(signal.SIGTERM)
        server.communicate(timeout=30)


def _wait(address: str, server: subprocess.Popen[str]) -> None:
    for _ in range(600):
        assert server.poll() is None
        try:
            urllib.request.urlopen(address, timeout=120).close()
        except URLError:
            time.sleep(0.2)
        else:
            return
    pytest.fail("the server doesn't answer")


def test_a_vote_is_cast_over_plain_http_on_a_fresh_machine(tmp_path: Path) -> None:
    data = tmp_path / "data"
    folders = [tmp_path / name for name in ("alpha", "beta")]
    for folder, level in zip(folders, (0.25, 0.2), strict=True):
        folder.mkdir()
        write_clip(folder / "ball.mp4", width=64, height=48, fps=12, seconds=0.5, sound=tone(0.5, level))
    command = [sys.executable, str(MANAGE), "add_clips", "launch", *map(str, folders)]
    subprocess.run(command, env=_environment(data), check=True, capture_output=True)
    with _served(data) as address:
        jar = CookieJar()
        browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
        front = browser.open(f"{address}/studies/launch/").read().decode()
        start = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', front)
        assert start is not None
        sent = urlencode({"csrfmiddlewaretoken": start[1]}).encode()
        pressed = urllib.request.Request(f"{address}/studies/launch/start/", sent, {"Origin": address})
        page = browser.open(pressed).read().decode()
        style = re.search(r'href="(/static/base\.[0-9a-f]+\.css)"', page)
        assert style is not None
        assert browser.open(address + style[1]).headers["Content-Type"].startswith("text/css")
        assert {cookie.name: cookie.secure for cookie in jar} == {"csrftoken": False, "rater": False}
        action = re.search(r'action="(/ballots/[^"]+)"', page)
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        assert action is not None
        assert token is not None
        form = urlencode({"csrfmiddlewaretoken": token[1], "outcome": "a"}).encode()
        request = urllib.request.Request(address + action[1], form, {"Origin": address})
        revealed = browser.open(request)
        assert revealed.geturl().endswith("/result/")
        assert "Alpha" in revealed.read().decode().title()
    assert (data / "secret_key").stat().st_mode & 0o777 == 0o600
    verify = [sys.executable, str(MANAGE), "verify_ledger", "launch"]
    said = subprocess.run(verify, env=_environment(data), check=True, capture_output=True, text=True)
    assert said.stdout.startswith("Study launch: 2 entries, unbroken")
