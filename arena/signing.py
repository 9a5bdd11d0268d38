"""The site's Ed25519 key, which signs snapshots and ledger heads."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from django.conf import settings

KEY_FILE = "signing_key.pem"
"""Name in DATA_DIR of the key that is made where SNAPSHOT_KEY_FILE names none."""
PUBLIC_BYTES = 32


class UnusableKey(ValueError):
    """Key that is missing or malformed; the message says what to do."""


def sign(message: bytes) -> str:
    """Return the site's signature of a message, in Base64."""
    return base64.b64encode(_site_key().sign(message)).decode()


def public_key() -> str:
    """Return the site's public key: its 32 bytes in Base64."""
    return base64.b64encode(_site_key().public_key().public_bytes_raw()).decode()


def is_signed(message: bytes, signature: str, key: str) -> bool:
    """Return whether a signature of a message was made with the private half of a public key.

    Raises:
        UnusableKey: the public key is malformed.
    """
    try:
        known = Ed25519PublicKey.from_public_bytes(read_public_key(key))
        known.verify(base64.b64decode(signature, validate=True), message)
    except (InvalidSignature, binascii.Error):
        return False
    return True


def read_public_key(text: str) -> bytes:
    """Return the 32 bytes of a public key in Base64.

    Raises:
        UnusableKey: the text is not such a key.
    """
    try:
        found = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        found = b""
    if len(found) != PUBLIC_BYTES:
        raise UnusableKey(
            f"key must be {PUBLIC_BYTES} bytes in Base64, as manage.py signing_key prints it; got "
            f"{text[:60]!r}. Ask the site for its public key."
        )
    return found


def keyed_name(purpose: str, text: str) -> str:
    """Return a name of 16 hexadecimal digits for a text that only this site can compute again."""
    secret = hmac.digest(_site_key().private_bytes_raw(), b"paddock names", "sha256")
    return hmac.new(secret, f"{purpose}\n{text}".encode(), hashlib.sha256).hexdigest()[:16]


def _site_key() -> Ed25519PrivateKey:
    """Return the key of the file that the settings name, or that of DATA_DIR, which the first call makes."""
    named: str = settings.SNAPSHOT_KEY_FILE
    path = Path(named) if named else settings.DATA_DIR / KEY_FILE
    if not named and not path.exists():
        _make_key(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UnusableKey(
            f"SNAPSHOT_KEY_FILE must name a readable file; got {path} ({error.strerror}). "
            "Unset it for a new key."
        ) from error
    return _read_key(content, path)


def _read_key(content: bytes, path: Path) -> Ed25519PrivateKey:
    try:
        key = load_pem_private_key(content, password=None)
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise UnusableKey(
            f"{path} must hold an Ed25519 private key as unencrypted PEM; got something else. "
            "Make one: openssl genpkey -algorithm ed25519"
        )
    return key


def _make_key(path: Path) -> None:
    """Write a new key, readable by its owner only; a key that another process made meanwhile stays."""
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)
    except FileExistsError:
        pass  # the other process's key is the site's
    finally:
        draft.unlink()
