"""Hash structured content in one way, so that equal content has equal hashes everywhere."""

from __future__ import annotations

import hashlib
import json


def canonical_json(content: object) -> str:
    """Return JSON with sorted keys and no spaces: the same text for the same content.

    Raises:
        ValueError: the content holds a NaN or an infinity, which JSON can't express.
    """
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def content_hash(content: object) -> str:
    """Return the SHA-256 of the canonical JSON, as 64 hexadecimal digits."""
    return hashlib.sha256(canonical_json(content).encode()).hexdigest()


def prompt_hash(text: str, reference_sha256: str) -> str:
    """Return the hash of a prompt's text and of its reference image's hash, which is "" without an image."""
    return content_hash([text, reference_sha256])
