"""Ask this machine's web server whether it is well: `python -m arena.operations.probe [PORT]`.

For health checks of containers. It loads no Django, so that it takes a fraction of a second.
"""

from __future__ import annotations

import http.client
import os
import sys

TIMEOUT_S = 10


def probe(port: int, host: str) -> int:
    """Return the status of `/health/` on a port of this machine, asked under one of the site's host names."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
    try:
        connection.request("GET", "/health/", headers={"Host": host})
        return connection.getresponse().status
    finally:
        connection.close()


def known_host(allowed: str) -> str:
    """Return a host name of ALLOWED_HOSTS: the site doesn't answer to its IP address."""
    return allowed.split(",")[0].strip().lstrip(".*") or "localhost"


def main() -> None:
    """Exit with 0 if the site is well, else with a line about what it answered."""
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8000
    try:
        status = probe(port, known_host(os.environ.get("ALLOWED_HOSTS", "")))
    except OSError as error:
        sys.exit(f"The web server doesn't answer on port {port}: {error}")
    if status != 200:
        sys.exit(f"/health/ answered {status}")


if __name__ == "__main__":
    main()
