"""Choose the tracks that are played, and give reasons why others can't be."""

from __future__ import annotations

import mmap
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Disposition, Stream
from av.video.stream import VideoStream

from arena.media.boxes import MalformedBoxes, walk
from arena.media.intake import ACCEPTED, UnusableMedia

# Sample entries of protected tracks: Common Encryption (ISO/IEC 23001-7) and Apple's FairPlay.
ENCRYPTED_ENTRIES = {"encv", "enca", "drmi", "drms"}
MATROSKA_KEY = "enc_key_id"  # the tag that ffmpeg makes of Matroska's ContentEncKeyID
SAMPLE_ENTRIES = "moov/trak/mdia/minf/stbl/stsd"
ENTRY_HOLDERS = {"moov": 0, "trak": 0, "mdia": 0, "minf": 0, "stbl": 0, "stsd": 8}
MATROSKA_CODEC = re.compile(rb"\x86[\x81-\xbf]([VASDB]_[A-Z0-9_/.]+)")  # the element CodecID, RFC 9559
MATROSKA_HEAD_BYTES = 2**16
ADVICE = {"picture": "H.264, VP9 or AV1", "sound": "AAC, Opus or PCM"}

Track = TypeVar("Track", VideoStream, AudioStream)


def choose_picture(container: InputContainer, path: Path) -> VideoStream:
    """Return the default picture track, or the first that can be decoded.

    Raises:
        UnusableMedia: there is none, or each is encrypted or in an unknown codec.
    """
    # A cover picture in a sound file counts as a video stream too.
    streams = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
    if not streams:
        raise UnusableMedia(f"The file has no video in it. Accepted are {ACCEPTED} files with a video track.")
    return _playable(streams, path, "picture")[0]


def choose_sounds(container: InputContainer, path: Path) -> list[AudioStream]:
    """Return the sound tracks that can be decoded, the default one first.

    Raises:
        UnusableMedia: there are sound tracks, and each is encrypted or in an unknown codec.
    """
    return _playable(list(container.streams.audio), path, "sound")


def _playable(streams: list[Track], path: Path, what: str) -> list[Track]:
    codecs = _codecs(path)
    faults = [_fault(stream, codecs, what) for stream in streams]
    playable = [stream for stream, fault in zip(streams, faults, strict=True) if not fault]
    if streams and not playable:
        raise UnusableMedia(faults[0])
    return sorted(playable, key=lambda stream: not stream.disposition & Disposition.default)


def _fault(stream: Stream, codecs: list[str], what: str) -> str:
    """Return the reason why a track can't be decoded; empty if it can."""
    codec = codecs[stream.index] if stream.index < len(codecs) else ""
    if codec in ENCRYPTED_ENTRIES or MATROSKA_KEY in stream.metadata:
        return f"The {what} is encrypted ({codec}). Export the file without copy protection."
    if stream.codec_context is None:
        return (
            f"The {what}'s codec ({codec or 'without a name'}) can't be decoded here. "
            f"Export the file with {ADVICE[what]}."
        )
    return ""


def _codecs(path: Path) -> list[str]:
    """Return the names of the tracks' codecs as the file itself writes them, in the tracks' order."""
    with path.open("rb") as file:
        data = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    matroska = [name.decode() for name in MATROSKA_CODEC.findall(data[:MATROSKA_HEAD_BYTES])]
    return matroska or list(_sample_entries(data))


def _sample_entries(data: memoryview) -> Iterator[str]:
    """Yield the first sample entry of each track of an MP4."""
    described = False
    try:
        for box in walk(data, holders=ENTRY_HOLDERS):
            within, _, kind = box.path.rpartition("/")
            if box.path == SAMPLE_ENTRIES:
                described = False
            elif within == SAMPLE_ENTRIES and not described:
                described = True
                yield kind
    except MalformedBoxes:
        return  # players as well read as far as they can
