"""Pad both sides of a ballot to the same length, as the length of a file is a fingerprint."""

from __future__ import annotations

import struct

from arena.media.derived import DerivedFile
from arena.media.ranges import Readable

HEADER_BYTES = 8  # the length and kind of a box
STEP_BYTES = 64 * 1024


def padded_size(*sizes: int) -> int:
    """Return the length that files of these sizes are all padded to."""
    return -(-(max(sizes) + HEADER_BYTES) // STEP_BYTES) * STEP_BYTES


class PaddedFile(DerivedFile):
    """MP4 followed by a `free` box of zeros, which players skip (ISO/IEC 14496-12, 8.1.2). Read-only."""

    def __init__(self, file: Readable, size_bytes: int, padded_bytes: int) -> None:
        """Open a file of `size_bytes` bytes as one of `padded_bytes` bytes."""
        box_bytes = padded_bytes - size_bytes
        if not HEADER_BYTES <= box_bytes < 2**32:
            raise ValueError(
                f"padded_bytes must be {HEADER_BYTES} B to 4 GiB more than {size_bytes}; got {padded_bytes}. "
                "Take the length from padded_size()."
            )
        super().__init__(file)
        self.size_bytes = padded_bytes
        self._own_bytes = size_bytes
        self._tail = struct.pack(">I4s", box_bytes, b"free")

    def _sources_of(self, part: range) -> range:
        return range(min(part.start, self._own_bytes), min(part.stop, self._own_bytes))

    def _chunk(self, wanted: int) -> bytes:
        if self._at < self._own_bytes:
            self._file.seek(self._at)
            return self._file.read(min(wanted, self._own_bytes - self._at)) or b""
        into_tail = self._at - self._own_bytes
        if into_tail < HEADER_BYTES:
            return self._tail[into_tail : into_tail + wanted]
        return bytes(max(0, min(wanted, self.size_bytes - self._at)))
