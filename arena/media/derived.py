"""Files that are made of a stored one while they are read."""

from __future__ import annotations

import io
from abc import abstractmethod
from typing import Any

from arena.media.ranges import Bounded, Readable


class DerivedFile(io.RawIOBase):
    """Read-only file of `size_bytes` bytes, made of a stored file that it closes with itself."""

    size_bytes: int
    """Length of the file; a subclass sets it before anything is read."""

    def __init__(self, file: Readable) -> None:
        """Begin at the first byte; `file` is the stored one."""
        super().__init__()
        self._file = file
        self._at = 0

    @abstractmethod
    def _chunk(self, wanted: int) -> bytes:
        """Return up to so many bytes from the position on; none at the end alone."""

    @abstractmethod
    def _sources_of(self, part: range) -> range:
        """Return the positions in the stored file of the bytes that a part is made of."""

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
        """Move to a position, and return it; raise ValueError for one before the beginning."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self.size_bytes}[whence]
        if base + offset < 0:
            raise ValueError(f"Can't seek to {base + offset}, before the beginning.")
        self._at = base + offset
        return self._at

    def bound(self, part: range) -> None:
        """Tell a remote file which of its bytes will be read."""
        own = self._sources_of(part)
        if own and isinstance(self._file, Bounded):
            self._file.bound(own)

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - typeshed's WriteableBuffer exists for checkers only
        """Read up to a buffer; fewer bytes where one kind of content ends and another begins."""
        chunk = self._chunk(len(buffer))
        buffer[: len(chunk)] = chunk
        self._at += len(chunk)
        return len(chunk)

    def close(self) -> None:
        """Close the stored file, too."""
        self._file.close()
        super().close()
