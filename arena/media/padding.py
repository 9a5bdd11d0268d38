"""Pad both sides of a ballot to the same length, as the length of a file is a fingerprint."""

from __future__ import annotations

import io
import struct
from typing import Any

from arena.media.ranges import Bounded, Readable

HEADER_BYTES = 8  # the length and kind of a box
STEP_BYTES = 64 * 1024


def padded_size(*sizes: int) -> int:
    """Return the length that files of these sizes are all padded to."""
    return -(-(max(sizes) + HEADER_BYTES) // STEP_BYTES) * STEP_BYTES


class PaddedFile(io.RawIOBase):
    """MP4 followed by a `free` box of zeros, which players skip (ISO/IEC 14496-12, 8.1.2). Read-only."""

    def __init__(self, file: Readable, size_bytes: int, padded_bytes: int) -> None:
        """Open a file of `size_bytes` bytes as one of `padded_bytes` bytes."""
        box_bytes = padded_bytes - size_bytes
        if not HEADER_BYTES <= box_bytes < 2**32:
            raise ValueError(
                f"padded_bytes must be {HEADER_BYTES} B to 4 GiB more than {size_bytes}; got {padded_bytes}. "
                "Take the length from padded_size()."
            )
        super().__init__()
        self._file = file
        self._size = size_bytes
        self._tail = struct.pack(">I4s", box_bytes, b"free")
        self._end = padded_bytes
        self._at = 0

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def tell(self) -> int:
        """Return the position in the padded file."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to a position in the padded file, and return it."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._end}[whence]
        if base + offset < 0:
            raise ValueError(f"Can't seek to {base + offset}, before the beginning.")
        self._at = base + offset
        return self._at

    def bound(self, part: range) -> None:
        """Tell a remote file which of its bytes will be read."""
        own = range(min(part.start, self._size), min(part.stop, self._size))
        if own and isinstance(self._file, Bounded):
            self._file.bound(own)

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - typeshed's WriteableBuffer exists for checkers only
        """Read up to a buffer; fewer bytes at the seam between file, header and zeros."""
        chunk = self._chunk(len(buffer))
        buffer[: len(chunk)] = chunk
        self._at += len(chunk)
        return len(chunk)

    def _chunk(self, wanted: int) -> bytes:
        if self._at < self._size:
            self._file.seek(self._at)
            return self._file.read(min(wanted, self._size - self._at)) or b""
        into_tail = self._at - self._size
        if into_tail < HEADER_BYTES:
            return self._tail[into_tail : into_tail + wanted]
        return bytes(max(0, min(wanted, self._end - self._at)))

    def close(self) -> None:
        """Close the file within."""
        self._file.close()
        super().close()
