from __future__ import annotations

import base64
import stat
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.test import override_settings

from arena.signing import UnusableKey, is_signed, keyed_name, public_key, sign

MESSAGE = b"a message"


def test_a_signature_is_the_sites_and_of_this_message_alone(own_data_dir: Path) -> None:
    signature, key = sign(MESSAGE), public_key()
    assert is_signed(MESSAGE, signature, key)
    assert not is_signed(MESSAGE + b".", signature, key)
    assert not is_signed(MESSAGE, base64.b64encode(bytes(64)).decode(), key)
    assert not is_signed(MESSAGE, "no Base64", key)


def test_the_key_is_made_once_for_its_owner_only(own_data_dir: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: public_key(), range(16)))
    assert keys == {public_key()}
    (path,) = own_data_dir.glob("*.pem")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [other.name for other in own_data_dir.iterdir()] == [path.name]


def test_openssl_verifies_a_signature(own_data_dir: Path, tmp_path: Path) -> None:
    (tmp_path / "message").write_bytes(MESSAGE)
    (tmp_path / "signature").write_bytes(base64.b64decode(sign(MESSAGE)))
    command = ["openssl", "pkeyutl", "-verify", "-rawin", "-inkey", str(own_data_dir / "signing_key.pem")]
    command += ["-in", str(tmp_path / "message"), "-sigfile", str(tmp_path / "signature")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "Verified Successfully" in done.stdout, done.stderr


def test_the_settings_can_name_the_key(own_data_dir: Path) -> None:
    made = public_key()
    moved = (own_data_dir / "signing_key.pem").rename(own_data_dir / "elsewhere.pem")
    with override_settings(SNAPSHOT_KEY_FILE=str(moved)):
        assert public_key() == made
    assert not (own_data_dir / "signing_key.pem").exists()


def test_a_key_that_is_named_must_be_there(own_data_dir: Path) -> None:
    named = override_settings(SNAPSHOT_KEY_FILE=str(own_data_dir / "none.pem"))
    with (
        named,
        pytest.raises(UnusableKey, match=r"SNAPSHOT_KEY_FILE must name a readable file; got .+none\.pem"),
    ):
        public_key()


def test_another_kind_of_file_is_no_key(own_data_dir: Path) -> None:
    (own_data_dir / "signing_key.pem").write_text("hello")
    with pytest.raises(UnusableKey, match="must hold an Ed25519 private key"):
        sign(MESSAGE)


@pytest.mark.parametrize("key", ["", "hello", base64.b64encode(bytes(31)).decode()])
def test_a_malformed_public_key_is_refused(key: str) -> None:
    with pytest.raises(UnusableKey, match="key must be 32 bytes in Base64"):
        is_signed(MESSAGE, "", key)


def test_a_keyed_name_depends_on_purpose_text_and_site(own_data_dir: Path) -> None:
    name = keyed_name("study", "rater")
    assert name == keyed_name("study", "rater")
    assert len({name, keyed_name("study", "other"), keyed_name("other", "rater")}) == 3
    (own_data_dir / "signing_key.pem").unlink()
    assert keyed_name("study", "rater") != name
