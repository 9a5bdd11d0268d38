"""RabbitMQ, with a name service of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from kombu import Connection

from tests.servers.server import Server, free_port, refuse_missing

ADVANCED = "[{kernel, [{inet_dist_use_interface, {127,0,0,1}}]}].\n"


class RabbitMQ(Server):
    """RabbitMQ without plugins. Debian's own script changes the user, so the one below it is run."""

    def __init__(self, folder: Path) -> None:
        """Look for the server and write its configuration."""
        super().__init__(folder)
        self._program = _find_program()
        self._names_port, self._peers_port = free_port(), free_port()
        self._names: subprocess.Popen[bytes] | None = None
        (folder / "enabled_plugins").write_text("[].\n")
        (folder / "advanced.config").write_text(ADVANCED)
        (folder / "rabbitmq.conf").write_text("loopback_users = none\n")

    @property
    def url(self) -> str:
        """Address for `CELERY_BROKER_URL`."""
        return f"amqp://guest:guest@127.0.0.1:{self.port}//"

    def command(self) -> list[str]:
        """Return the command."""
        return [self._program]

    def environment(self) -> dict[str, str]:
        """Return an environment in which no file or port is that of another RabbitMQ."""
        return os.environ | {
            "HOME": str(self.folder),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(self._names_port),
            "RABBITMQ_NODENAME": f"test{self.port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(self._peers_port),
            "RABBITMQ_MNESIA_BASE": str(self.folder / "data"),
            "RABBITMQ_LOG_BASE": str(self.folder / "logs"),
            "RABBITMQ_PID_FILE": str(self.folder / "pid"),
            "RABBITMQ_CONFIG_FILE": str(self.folder / "rabbitmq.conf"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(self.folder / "advanced.config"),
            "RABBITMQ_CONF_ENV_FILE": str(self.folder / "none"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "enabled_plugins"),
            "RABBITMQ_SCHEDULER_BIND_TYPE": "u",
        }

    def start(self) -> None:
        """Start the name service, which outlasts a kill of the server, and the server."""
        if self._names is None:
            self._names = subprocess.Popen(["epmd"], env=self.environment(), start_new_session=True)
        super().start()

    def is_ready(self) -> bool:
        """Whether it takes connections."""
        try:
            with Connection(self.url, connect_timeout=2) as connection:
                connection.connect()
        except (OSError, ConnectionError):
            return False
        return True

    def close(self) -> None:
        """End both."""
        super().close()
        if self._names is not None:
            self._names.kill()
            self._names.wait()


def _find_program() -> str:
    debian = "/usr/lib/rabbitmq/bin/rabbitmq-server"
    found = debian if os.access(debian, os.X_OK) else shutil.which("rabbitmq-server")
    if found is None:
        refuse_missing("RabbitMQ", "apt-get install rabbitmq-server")
    return str(found)
