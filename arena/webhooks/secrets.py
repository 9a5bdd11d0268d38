"""Signing secrets of endpoints, encrypted at rest."""

from __future__ import annotations

import base64
import secrets

from cryptography.fernet import Fernet, InvalidToken
from django.utils.crypto import salted_hmac

SECRET_BYTES = 32
"""Length of a secret; Standard Webhooks takes 24 to 64 bytes."""


class UnreadableSecret(ValueError):
    """Secret that was encrypted under another SECRET_KEY."""


def make_secret() -> str:
    """Return a new secret in the form of Standard Webhooks: `whsec_` and base64."""
    return f"whsec_{base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()}"


def seal(secret: str) -> str:
    """Encrypt a secret for the database."""
    return _cipher().encrypt(secret.encode()).decode()


def unseal(sealed: str) -> str:
    """Decrypt a secret of the database.

    Raises:
        UnreadableSecret: it was encrypted under another SECRET_KEY.
    """
    try:
        return _cipher().decrypt(sealed.encode()).decode()
    except InvalidToken as error:
        raise UnreadableSecret(
            "SECRET_KEY must be the one under which the webhook was added; it was changed. Remove the "
            "webhook and add it again."
        ) from error


def _cipher() -> Fernet:
    key = salted_hmac("arena.webhooks", "signing secrets", algorithm="sha256").digest()
    return Fernet(base64.urlsafe_b64encode(key))
