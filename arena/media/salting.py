"""Salt a rendition: put random bytes that decoders skip before each sample, others on each ballot.

Salt changes the size of each sample, the sample tables and every hash of the file. It costs no encoding: a
picture gets an SEI message of unregistered user data (ITU-T H.264, D.1.7), a frame of sound a data stream
element (ISO/IEC 14496-3, 4.4.2.7). Whoever removes both gets the variant's coded data again, so that variants
are encoded separately besides. Stated bit rates, which would tell variants apart, are left out.

While a rendition is salted, its picture or its sound can be left out, so that nobody receives what a ballot
doesn't ask about.
"""

from __future__ import annotations

import hashlib
import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from arena.media.boxes import MalformedBoxes
from arena.media.derived import DerivedFile
from arena.media.fast_start import Source, read_source, write_head
from arena.media.ranges import Readable
from arena.media.sample_tables import Numbers, SampleTable, read_tables

SEI_HEAD = b"\x06\x05"  # a unit of supplemental information, with unregistered user data
SEI_END = b"\x80"
SEI_OWN = 4 + len(SEI_HEAD) + 1 + len(SEI_END)  # with its length in four bytes, and that of the data
SEI_LEAST = 16  # user data begin with an identifier of 16 bytes
DSE_HEAD = 0x81  # a data stream element, aligned to bytes
DSE_OWN = 2
MOST_SALT_IN_PICTURE, MOST_SALT_IN_SOUND = 63, 15
AAC_SAMPLES, MOST_SAMPLE_RATE = 1024, 48_000
NO_ZEROS = bytes([0x55, *range(1, 256)])
"""Substitution that keeps zeros out of salt: two in a row would have to be escaped in H.264."""


Part = Literal["picture", "sound"]
"""Track of a rendition."""


class Unsaltable(OSError):
    """File that is damaged or no fast-start MP4, so that it can't be salted."""


@dataclass(frozen=True)
class Layout:
    """Places of the samples that are served, in the order of the file; each array has the shape (N,)."""

    is_video: NDArray[np.bool_]
    sources: Numbers
    sizes: Numbers
    salts: Numbers
    """Bytes of salt in front of each sample, with its header."""

    @property
    def starts(self) -> Numbers:
        """Positions of the salted samples, counted from the first one, with the end of the last; (N + 1,)."""
        return np.concatenate([[0], np.cumsum(self.sizes + self.salts)])


def most_added(duration_s: float, fps: float) -> int:
    """Return the most bytes that salt adds to a rendition of this length and rate."""
    pictures = math.ceil(duration_s * fps) + 1
    sounds = math.ceil(duration_s * MOST_SAMPLE_RATE / AAC_SAMPLES) + 3
    in_table = 4  # a table of equal sizes becomes one entry for each sample
    return (pictures * (SEI_OWN + MOST_SALT_IN_PICTURE + in_table)) + (
        sounds * (DSE_OWN + MOST_SALT_IN_SOUND + in_table)
    )


class SaltedFile(DerivedFile):
    """Salted rendition, made while it is read. The same seed gives the same bytes. Read-only."""

    def __init__(self, file: Readable, size_bytes: int, seed: bytes, without: Part | None = None) -> None:
        """Read the boxes of a fast-start MP4 of `size_bytes` bytes; raise Unsaltable if it is none.

        Args:
            file: the stored rendition.
            size_bytes: its length.
            seed: decides the salt.
            without: track that is left out.
        """
        super().__init__(file)
        try:
            source = read_source(file, size_bytes)
            tables = read_tables(source.moov)
            self._left_out = [without == ("picture" if table.is_video else "sound") for table in tables]
            self._layout = _draw_layout(tables, source.media, seed, self._left_out)
        except MalformedBoxes as error:
            raise Unsaltable("The stored rendition is damaged.") from error
        self._blob = (
            hashlib.shake_256(b"salt" + seed).digest(int(self._layout.salts.sum())).translate(NO_ZEROS)
        )
        self._blob_at = np.concatenate([[0], np.cumsum(self._layout.salts)])
        self._head = self._write_head(source, tables)
        self._starts = self._layout.starts + len(self._head)
        self.size_bytes = int(self._starts[-1])

    def _sources_of(self, part: range) -> range:
        return self._sources(max(part.start, len(self._head)), min(part.stop, self.size_bytes))

    def _write_head(self, source: Source, tables: Sequence[SampleTable]) -> bytes:
        layout, starts = self._layout, self._layout.starts
        places = [np.searchsorted(layout.sources, table.offsets) for table in tables]
        sizes = [
            None if left_out else (layout.sizes + layout.salts)[at]
            for at, left_out in zip(places, self._left_out, strict=True)
        ]
        return write_head(source, tables, sizes, [starts[at] for at in places], int(starts[-1]))

    def _chunk(self, wanted: int) -> bytes:
        if self._at < len(self._head):
            return self._head[self._at : self._at + wanted]
        stop = min(self._at + wanted, self.size_bytes)
        if stop <= self._at:
            return b""
        part = self._sources(self._at, stop)
        return self._woven(self._at, stop, self._read(part), part.start)

    def _span(self, start: int, stop: int) -> range:
        """Return the indexes of the samples that positions of the salted file touch."""
        first = int(np.searchsorted(self._starts, start, "right")) - 1
        return range(first, int(np.searchsorted(self._starts, stop, "left")))

    def _sources(self, start: int, stop: int) -> range:
        """Return the positions in the stored file of the bytes between two positions of the salted one."""
        if stop <= start:
            return range(0)
        span = self._span(start, stop)
        return range(self._source(span[0], start), self._source(span[-1], stop))

    def _source(self, sample: int, at: int) -> int:
        layout = self._layout
        into = at - int(self._starts[sample]) - int(layout.salts[sample])
        return int(layout.sources[sample]) + min(max(0, into), int(layout.sizes[sample]))

    def _read(self, part: range) -> bytes:
        self._file.seek(part.start)
        stored = bytearray()
        while len(stored) < len(part):
            read = self._file.read(len(part) - len(stored))
            if not read:
                raise Unsaltable("The stored rendition ends too early.")
            stored += read
        return bytes(stored)

    def _woven(self, start: int, stop: int, stored: bytes, first: int) -> bytes:
        """Return the bytes between two positions; `stored` holds the file's, from its position `first` on."""
        pieces = []
        for sample in self._span(start, stop):
            begins = int(self._starts[sample])
            salt = self._salt(sample)[max(0, start - begins) : max(0, stop - begins)]
            data = stored[self._source(sample, start) - first : self._source(sample, stop) - first]
            pieces += [salt, data]
        return b"".join(pieces)

    def _salt(self, sample: int) -> bytes:
        blob = self._blob[int(self._blob_at[sample]) : int(self._blob_at[sample + 1])]
        if self._layout.is_video[sample]:
            data = blob[SEI_OWN:]
            unit = SEI_HEAD + bytes([len(data)]) + data + SEI_END
            return struct.pack(">I", len(unit)) + unit
        data = blob[DSE_OWN:]
        return bytes([DSE_HEAD, len(data)]) + data


def _draw_layout(
    tables: Sequence[SampleTable], media: range, seed: bytes, left_out: Sequence[bool]
) -> Layout:
    """Return where the samples stand and how much salt each gets, without those of tracks left out.

    The samples fill the media data without a gap, as `find_leaks` checks of each rendition.
    """
    sources = np.concatenate([table.offsets for table in tables])
    sizes = np.concatenate([table.sizes for table in tables])
    is_video = np.concatenate([np.full(len(table.sizes), table.is_video) for table in tables])
    is_served = np.concatenate(
        [np.full(len(table.sizes), not out) for table, out in zip(tables, left_out, strict=True)]
    )
    order = np.argsort(sources, kind="stable")
    sources, sizes, is_video = sources[order], sizes[order], is_video[order]
    bounds = np.append(sources, media.stop)
    if not len(sources) or bounds[0] != media.start or (np.diff(bounds) != sizes).any():
        raise MalformedBoxes("The samples do not fill the media data.")
    kept = is_served[order]
    sources, sizes, is_video = sources[kept], sizes[kept], is_video[kept]
    drawn = np.frombuffer(hashlib.shake_256(b"sizes" + seed).digest(len(sizes)), np.uint8).astype(np.int64)
    in_picture = SEI_OWN + SEI_LEAST + drawn % (MOST_SALT_IN_PICTURE - SEI_LEAST + 1)
    in_sound = DSE_OWN + drawn % (MOST_SALT_IN_SOUND + 1)
    salts = np.where(is_video, in_picture, in_sound)
    return Layout(is_video, sources, sizes, salts)
