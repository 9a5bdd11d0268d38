"""Reference images as providers take them: inside the request, so that no image is published by a link."""

from __future__ import annotations

import base64
from pathlib import Path

from generators.base import InvalidInput

LARGEST_BYTES = 5_000_000
"""Smallest of the providers' limits for an image inside a request."""

_TYPES = {b"\x89PNG": "image/png", b"\xff\xd8\xff": "image/jpeg"}


def read_data_uri(path: Path) -> str:
    """Return an image file as a data URI.

    Raises:
        InvalidInput: The file is larger than providers take, or is neither PNG, JPEG nor WebP.
    """
    content = path.read_bytes()
    if len(content) > LARGEST_BYTES:
        size_mb = len(content) / 1e6
        raise InvalidInput(
            f"The reference image must have at most 5 MB; got {size_mb:.1f} MB. Make it smaller."
        )
    return f"data:{_type_of(content)};base64,{base64.b64encode(content).decode()}"


def _type_of(content: bytes) -> str:
    for start, media_type in _TYPES.items():
        if content.startswith(start):
            return media_type
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    raise InvalidInput("The reference image must be PNG, JPEG or WebP; got another file. Convert it.")
