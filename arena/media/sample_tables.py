"""Read where the samples of an MP4 stand and how long they are (ISO/IEC 14496-12, section 8.7)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from arena.media.boxes import Box, MalformedBoxes, walk

Numbers = NDArray[np.int64]
WIDTHS = {"stco": ">u4", "co64": ">u8"}


@dataclass(frozen=True)
class SampleTable:
    """Samples of one track: compressed pictures, or frames of compressed sound."""

    is_video: bool
    sizes: Numbers
    """Bytes in each sample, shape (N,)."""
    offsets: Numbers
    """Position of each sample in the file, shape (N,)."""
    chunks: Numbers
    """Index of each sample's chunk, shape (N,), in ascending order."""
    chunk_width: str
    """Type of the numbers in the table of chunks, as NumPy calls it."""


def read_tables(moov: memoryview) -> list[SampleTable]:
    """Return the table of each track in what stands inside a `moov` box, in their order.

    Raises:
        MalformedBoxes: a table is missing, or shorter than it says.
    """
    tracks = [box for box in walk(moov, holders={}) if box.kind == "trak"]
    try:
        return [_read(track) for track in tracks]
    except (KeyError, ValueError, IndexError) as error:
        raise MalformedBoxes("The sample tables are incomplete.") from error


def _read(track: Box) -> SampleTable:
    boxes = {box.kind: box.payload for box in walk(track.payload)}
    sizes = _sizes(boxes["stsz"])
    kind = "stco" if "stco" in boxes else "co64"
    starts = np.frombuffer(boxes[kind], WIDTHS[kind], offset=8).astype(np.int64)
    chunks = np.repeat(np.arange(len(starts)), _samples_in_chunks(boxes["stsc"], len(starts)))
    if len(chunks) != len(sizes):
        raise MalformedBoxes("The chunks hold another number of samples than the track.")
    # offset = start of the chunk + bytes of earlier samples in the same chunk
    before = np.cumsum(sizes) - sizes
    firsts = np.searchsorted(chunks, chunks)
    offsets = starts[chunks] + before - before[firsts]
    return SampleTable(bytes(boxes["hdlr"][8:12]) == b"vide", sizes, offsets, chunks, WIDTHS[kind])


def _sizes(stsz: memoryview) -> Numbers:
    of_all, count = (int(number) for number in np.frombuffer(stsz, ">u4", count=2, offset=4))
    if of_all:
        return np.full(count, of_all, np.int64)
    return np.frombuffer(stsz, ">u4", count=count, offset=12).astype(np.int64)


def _samples_in_chunks(stsc: memoryview, chunks: int) -> Numbers:
    """Return the number of samples in each chunk, shape (chunks,)."""
    entries = np.frombuffer(stsc, ">u4", offset=8).reshape(-1, 3).astype(np.int64)
    runs = np.diff(np.append(entries[:, 0], chunks + 1))
    return np.repeat(entries[:, 1], runs)
