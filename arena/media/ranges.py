"""Answer HTTP Range requests (RFC 9110, section 14), without which browsers can't seek in a video."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Protocol, runtime_checkable

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

CHUNK_BYTES = 2**16
# Eighteen digits are more bytes than any file has; int() refuses thousands of digits.
SINGLE_RANGE = re.compile(r"bytes=[ \t]*([0-9]{0,18})-([0-9]{0,18})[ \t]*", re.IGNORECASE)


class Readable(Protocol):
    """File to serve: Django's, Python's or a `PaddedFile`."""

    def seek(self, offset: int, /) -> object:
        """Move to a position."""
        ...

    def read(self, size: int, /) -> bytes | None:
        """Return up to `size` bytes."""
        ...

    def close(self) -> None:
        """Close the file."""
        ...


@runtime_checkable
class Bounded(Protocol):
    """File that fetches its bytes from elsewhere, and needs to know how many are wanted."""

    def bound(self, part: range) -> None:
        """Fetch these bytes only, and raise at once if there are none."""


class Unsatisfiable(ValueError):
    """Requested range that lies outside the file."""


def ranged_response(
    file: Readable, size_bytes: int, range_header: str | None, content_type: str
) -> HttpResponseBase:
    """Stream the file or the part asked for, and close it with the response.

    A malformed header or one with several ranges gets the whole file, as the RFC allows. The answer has no
    ETag, Last-Modified or Content-Disposition: each would tell clips apart.

    Args:
        file: seekable; at least `size_bytes` long.
        size_bytes: length of the served file.
        range_header: the request's Range header, if any.
        content_type: such as `video/mp4`.
    """
    try:
        part = _requested(range_header or "", size_bytes)
    except Unsatisfiable:
        file.close()
        response: HttpResponseBase = HttpResponse(status=416, content_type=content_type)
        response["Content-Range"] = f"bytes */{size_bytes}"
        response["Content-Length"] = "0"
    else:
        sent = part or range(size_bytes)
        if sent and isinstance(file, Bounded):
            file.bound(sent)
        response = StreamingHttpResponse(
            _Slice(file, sent), status=206 if part else 200, content_type=content_type
        )
        response["Content-Length"] = str(len(sent))
        if part:
            response["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{size_bytes}"
    response["Accept-Ranges"] = "bytes"
    response["Cache-Control"] = "private, no-store"
    return response


def _requested(header: str, size_bytes: int) -> range | None:
    """Return the requested positions; None means the whole file."""
    match = SINGLE_RANGE.fullmatch(header.strip())
    if match is None or not any(match.groups()):
        return None
    first, last = match.groups()
    if not first:
        part = range(max(0, size_bytes - int(last)), size_bytes)
    elif last and int(last) < int(first):
        return None
    else:
        part = range(int(first), min(int(last) + 1, size_bytes) if last else size_bytes)
    if not part:
        raise Unsatisfiable(header)
    return part


class _Slice:
    """Part of a file in chunks. Django closes it with the response, even if it was never read."""

    def __init__(self, file: Readable, part: range) -> None:
        self._file = file
        self._part = part

    def __iter__(self) -> Iterator[bytes]:
        self._file.seek(self._part.start)
        left = len(self._part)
        while left and (chunk := self._file.read(min(CHUNK_BYTES, left))):
            left -= len(chunk)
            yield chunk

    def close(self) -> None:
        self._file.close()
