"""Read files in a remote store, such as S3, by HTTP byte ranges (RFC 9110, section 14)."""

from __future__ import annotations

import http
import io
import urllib.request
from http.client import HTTPException, HTTPResponse
from typing import Any
from urllib.error import HTTPError

TIMEOUT_S = 30


class StoreFailure(OSError):
    """Failure of the store to give bytes; the message leaves out the address, which holds a signature."""


class RemoteFile(io.RawIOBase):
    """File behind an address that its storage has signed. Read-only; one request for each bounded part.

    Without `bound`, a read fetches from its position on, for as long as reading goes on.
    """

    def __init__(self, url: str, name: str) -> None:
        """Open the signed address `url`, which messages never show; they call the file `name`."""
        super().__init__()
        self._url = url
        self._name = name
        self._at = 0
        self._end: int | None = None
        self._answer: HTTPResponse | None = None

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def tell(self) -> int:
        """Return the position."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to an absolute or relative position; the store alone knows where the end is."""
        if whence not in (io.SEEK_SET, io.SEEK_CUR):
            raise io.UnsupportedOperation("Can't seek from the end of a remote file.")
        to = offset + (self._at if whence == io.SEEK_CUR else 0)
        if to != self._at:
            self._hang_up()
            self._at = to
        return to

    def bound(self, part: range) -> None:
        """Request these bytes alone, at once; reads must stay inside them."""
        self._hang_up()
        self._at, self._end = part.start, part.stop
        self._answer = self._request()

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - typeshed's WriteableBuffer exists for checkers only
        """Read up to a buffer; 0 at the end of the file or of the bounded part."""
        left = len(buffer) if self._end is None else min(len(buffer), self._end - self._at)
        if left <= 0:
            return 0
        self._answer = self._answer or self._request()
        try:
            chunk = self._answer.read(left)
            if not chunk and self._answer.length:  # http.client takes this for the end
                raise ConnectionResetError
        except (OSError, HTTPException) as error:
            raise StoreFailure(f"The store broke off while '{self._name}' was read.") from error
        buffer[: len(chunk)] = chunk
        self._at += len(chunk)
        return len(chunk)

    def close(self) -> None:
        """Close the connection."""
        self._hang_up()
        super().close()

    def _request(self) -> HTTPResponse:
        last = "" if self._end is None else self._end - 1
        asked = urllib.request.Request(self._url, headers={"Range": f"bytes={self._at}-{last}"})  # noqa: S310 - ours
        try:
            answer: HTTPResponse = urllib.request.urlopen(asked, timeout=TIMEOUT_S)  # noqa: S310 - the storage's
        except HTTPError as error:
            error.close()
            if error.code == http.HTTPStatus.NOT_FOUND:
                raise FileNotFoundError(f"The store has no file '{self._name}'.") from None
            raise StoreFailure(f"The store answered {error.code} when asked for '{self._name}'.") from None
        except (OSError, HTTPException) as error:
            raise StoreFailure(f"The store can't be reached for '{self._name}'.") from error
        if answer.status != http.HTTPStatus.PARTIAL_CONTENT:
            answer.close()
            raise StoreFailure(f"The store doesn't serve byte ranges; it answered {answer.status}.")
        return answer

    def _hang_up(self) -> None:
        if self._answer:
            self._answer.close()
            self._answer = None
