"""Redis, which keeps its queues on the disk."""

from __future__ import annotations

import importlib.util
import shutil
import socket
from pathlib import Path

from tests.servers.server import Server, refuse_missing


class Redis(Server):
    """Redis with an append-only file: what it acknowledged is there after a kill."""

    def __init__(self, folder: Path) -> None:
        """Look for the server and for its client in Python."""
        super().__init__(folder)
        if shutil.which("redis-server") is None:
            refuse_missing("Redis", "apt-get install redis-server")
        if importlib.util.find_spec("redis") is None:
            refuse_missing("The client of Redis", "pip install '.[redis]'")

    @property
    def url(self) -> str:
        """Address for `CELERY_BROKER_URL`."""
        return f"redis://127.0.0.1:{self.port}/0"

    def command(self) -> list[str]:
        """Return the command."""
        kept = ["--dir", str(self.folder), "--appendonly", "yes", "--appendfsync", "everysec"]
        return ["redis-server", "--bind", "127.0.0.1", "--port", str(self.port), *kept]

    def is_ready(self) -> bool:
        """Whether it answers a ping; while it loads its file, it does not."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=2) as link:
                link.sendall(b"PING\r\n")
                return link.recv(64).startswith(b"+PONG")
        except OSError:
            return False
