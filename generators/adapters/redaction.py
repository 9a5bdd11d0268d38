"""Take secrets and bulk out of what is stored of requests and responses."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping
from urllib.parse import urlsplit

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
    for secret in secrets:
        if secret:
            text = text.replace(secret, _REMOVED)
    return _ADDRESS.sub(_without_query, text)


def _without_query(found: re.Match[str]) -> str:
    try:
        parts = urlsplit(found.group())
        host = parts.netloc.rpartition("@")[2]
    except ValueError:
        return _REMOVED
    query = f"?{_REMOVED}" if parts.query else ""
    return f"{parts.scheme}://{host}{parts.path}{query}"
