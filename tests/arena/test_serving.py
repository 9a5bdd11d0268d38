from __future__ import annotations

import socket
import stat
from pathlib import Path

import pytest

from arena.serving import CantServe, addresses, refuse_busy_port, secret_key_in, shown_host


def test_a_key_is_made_once_and_kept_from_others(tmp_path: Path) -> None:
    key = secret_key_in(tmp_path)
    assert (len(key) >= 50, secret_key_in(tmp_path)) == (True, key)
    assert stat.S_IMODE((tmp_path / "secret_key").stat().st_mode) == 0o600
    assert secret_key_in(_folder(tmp_path / "other")) != key


def _folder(path: Path) -> Path:
    path.mkdir()
    return path


def test_a_key_that_is_too_short_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret_key").write_text("short")
    with pytest.raises(CantServe, match="must hold a key of 50 characters or more"):
        secret_key_in(tmp_path)


def test_a_busy_port_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(CantServe, match=f"Port {port} can't be used"):
            refuse_busy_port("127.0.0.1", port)
    with pytest.raises(CantServe, match="Port 99999 can't be used"):
        refuse_busy_port("127.0.0.1", 99_999)


def test_a_server_on_all_interfaces_is_reached_by_name_and_here() -> None:
    found = addresses("0.0.0.0")
    assert {"127.0.0.1", "localhost", socket.gethostname()} <= set(found)
    assert addresses("10.1.2.3") == ["10.1.2.3"]
    assert (shown_host("::1"), shown_host("10.1.2.3")) == ("[::1]", "10.1.2.3")
