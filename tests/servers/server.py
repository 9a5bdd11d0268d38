"""One server process: started, killed and started again on the same data."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from abc import ABC, abstractmethod
from pathlib import Path

import pytest

READY_S = 60.0
SETTLED_S = 2


class Server(ABC):
    """Server on a free port of loopback, with its data in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        """Choose a port; nothing runs before `start`."""
        self.folder = folder
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    @abstractmethod
    def url(self) -> str:
        """Address for clients, with its scheme."""

    @abstractmethod
    def command(self) -> list[str]:
        """Return the command that runs the server in the foreground."""

    @abstractmethod
    def is_ready(self) -> bool:
        """Whether the server answers."""

    def environment(self) -> dict[str, str]:
        """Return the server's environment."""
        return dict(os.environ)

    @property
    def user(self) -> str | None:
        """Name of the user who runs it; None for the one who runs the tests."""
        return None

    @property
    def pid(self) -> int:
        """Process id of the running server."""
        assert self._process is not None, "the server must be started"
        return self._process.pid

    def start(self) -> None:
        """Start the server and wait until it answers."""
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                self.command(),
                env=self.environment(),
                cwd=self.folder,
                stdout=log,
                stderr=log,
                user=self.user,
                start_new_session=True,
            )
        deadline = time.monotonic() + READY_S
        while not self.is_ready():
            said = (self.folder / "log").read_text(errors="replace")[-2000:]
            assert self._process.poll() is None, said
            assert time.monotonic() < deadline, said
            time.sleep(0.1)

    def kill(self) -> None:
        """Kill the server and its children without a warning, and wait until they have ended."""
        if self._process is None:
            return
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        while _has_members(self._process.pid):
            time.sleep(0.02)
        self._process = None

    def close(self) -> None:
        """End it for good."""
        self.kill()

    def restart(self) -> None:
        """Kill the server and start it on what it left behind.

        PostgreSQL's children have sessions of their own: until they have seen the end, no new server starts.
        """
        self.kill()
        time.sleep(SETTLED_S)
        self.start()


def free_port() -> int:
    """Return a port of loopback that nobody listens on."""
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return int(asked.getsockname()[1])


def refuse_missing(what: str, package: str) -> None:
    """Skip the test and say what is missing; fail in continuous integration, which must have it."""
    message = f"{what} must be installed for this test; it is not. Install it: {package}"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


def _has_members(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True
