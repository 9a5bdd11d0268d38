"""Take secrets and bulk out of what is stored of requests and responses."""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import quote, urlsplit

_SECRET_NAMES = re.compile(
    r"authorization|api[-_]?key|secret|token$|signature|cookie|password|credential", re.IGNORECASE
)
_ADDRESS = re.compile(r"https?://[^\s\"'<>]+")
_LONGEST_TEXT = 4_000
_REMOVED = "[removed]"


def strip_secrets(value: object, secrets: Collection[str]) -> object:
    """Return a JSON value without keys, signed links and embedded files.

    Values under names such as `api_key` are removed, the given secrets wherever they stand, and the query of
    every URL, which signs links. An embedded file or a very long text is replaced by its SHA-256.
    """
    if isinstance(value, Mapping):
        return {
            str(name): _REMOVED
            if _SECRET_NAMES.search(str(name)) and item is not None
            else strip_secrets(item, secrets)
            for name, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [strip_secrets(item, secrets) for item in value]
    if isinstance(value, str):
        return strip_text(value, secrets)
    return value


def strip_text(text: str, secrets: Collection[str]) -> str:
    """Return a text without the given secrets, the queries of its URLs, and bulk."""
    if len(text) > _LONGEST_TEXT or text.startswith("data:"):
        return f"[{len(text)} characters, SHA-256 {hashlib.sha256(text.encode()).hexdigest()}]"
    return _ADDRESS.sub(_without_query, _without(text, secrets))


def remove_secrets(value: Any, secrets: Collection[str]) -> Any:  # noqa: ANN401 - JSON
    """Return a JSON value without the given secrets, and otherwise as it is."""
    if isinstance(value, dict):
        return {_without(name, secrets): remove_secrets(item, secrets) for name, item in value.items()}
    if isinstance(value, list):
        return [remove_secrets(item, secrets) for item in value]
    return _without(value, secrets) if isinstance(value, str) else value


def _without(text: str, secrets: Collection[str]) -> str:
    for secret in secrets:
        for spelling in _spellings(secret):
            text = text.replace(spelling, _REMOVED)
    return text


@lru_cache(maxsize=64)
def _spellings(secret: str) -> tuple[str, ...]:
    """Return the forms in which an answer may repeat a secret: plain, quoted, in hexadecimal or base64."""
    if not secret:
        return ()
    plain = secret.encode()
    coded = [
        # Characters at both ends depend on the bytes around the secret.
        encode(bytes(before) + plain)[-(-before * 8 // 6) : (before + len(plain)) * 8 // 6].decode()
        for encode in (b64encode, urlsafe_b64encode)
        for before in range(3)
    ]
    return tuple(dict.fromkeys([secret, quote(secret, safe=""), plain.hex(), *coded]))


def _without_query(found: re.Match[str]) -> str:
    try:
        parts = urlsplit(found.group())
        host = parts.netloc.rpartition("@")[2]
    except ValueError:
        return _REMOVED
    query = f"?{_REMOVED}" if parts.query else ""
    return f"{parts.scheme}://{host}{parts.path}{query}"
