"""PostgreSQL."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import psycopg

from tests.servers.server import Server, refuse_missing


class Postgres(Server):
    """PostgreSQL with one database, `paddock`; it refuses to run as root, and has a user of its own then."""

    def __init__(self, folder: Path) -> None:
        """Make a cluster."""
        super().__init__(folder)
        self._programs = _find_programs()
        if self.user is not None:
            shutil.chown(folder, self.user)
        made = [f"{self._programs}/initdb", "--pgdata", str(folder / "data"), "--username", "paddock"]
        subprocess.run(
            [*made, "--auth", "trust", "--encoding", "UTF8", "--no-sync"],
            cwd=folder, user=self.user, check=True, capture_output=True,
        )  # fmt: skip

    @property
    def user(self) -> str | None:
        """Name of the user who runs it."""
        return "postgres" if os.geteuid() == 0 else None

    @property
    def url(self) -> str:
        """Address for `DATABASE_URL`."""
        return f"postgres://paddock@127.0.0.1:{self.port}/paddock"

    def command(self) -> list[str]:
        """Return the command; no socket is made outside the folder."""
        options = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": self.folder,
            "shared_buffers": "64MB",
        }
        settings = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        return [f"{self._programs}/postgres", "-D", str(self.folder / "data"), *settings]

    def is_ready(self) -> bool:
        """Make the database if it is missing; False while the server does not answer."""
        address = f"postgres://paddock@127.0.0.1:{self.port}/postgres"
        try:
            with psycopg.connect(address, connect_timeout=2, autocommit=True) as connection:
                names = connection.execute("SELECT datname FROM pg_database").fetchall()
                if ("paddock",) not in names:
                    connection.execute("CREATE DATABASE paddock")
        except psycopg.OperationalError:
            return False
        return True


def _find_programs() -> Path:
    """Return the folder of `initdb` and `postgres`; Debian keeps them off the path."""
    if (found := shutil.which("initdb")) is not None:
        return Path(found).resolve().parent
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not folders:
        refuse_missing("PostgreSQL", "apt-get install postgresql")
    return folders[-1].parent
