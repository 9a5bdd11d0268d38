"""Port, addresses and secret key of a server for a lab's network."""

from __future__ import annotations

import os
import secrets
import socket
from pathlib import Path

KEY_FILE = "secret_key"
ANY_ADDRESS = ("0.0.0.0", "::")  # noqa: S104 - compared with, not bound to


class CantServe(ValueError):
    """Obstacle to starting the server; the message says what to do."""


def refuse_busy_port(host: str, port: int) -> None:
    """Raise CantServe unless an address and port are free to listen on."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except (OSError, OverflowError) as error:
            raise CantServe(f"Port {port} can't be used ({error}).") from error


def addresses(host: str) -> list[str]:
    """Return the names and addresses that reach a server listening on this host, best first."""
    if host not in ANY_ADDRESS:
        return [host]
    return list(dict.fromkeys([*_outward(), *_named(), "127.0.0.1", "localhost"]))


def _outward() -> list[str]:
    """Return the address of the interface that leads outside, or nothing without a network."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing; the address is reserved for documentation
        except OSError:  # no network
            return []
        return [str(probe.getsockname()[0])]


def _named() -> list[str]:
    name = socket.gethostname()
    try:
        found = socket.getaddrinfo(name, None, socket.AF_INET)
    except OSError:
        found = []
    return [*(str(entry[4][0]) for entry in found), name, f"{name}.local"]


def shown_host(host: str) -> str:
    """Return the host as it stands in an address, with brackets around IPv6."""
    return f"[{host}]" if ":" in host else host


def secret_key_in(folder: Path) -> str:
    """Return the secret key in a folder; create it on the first call, readable by its owner only."""
    path = folder / KEY_FILE
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        key = path.read_text(encoding="ascii").strip()
        if len(key) < 50:
            raise CantServe(
                f"{path} must hold a key of 50 characters or more. Remove the file for a new one."
            ) from None
        return key
    key = secrets.token_urlsafe(50)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(f"{key}\n")
    return key
