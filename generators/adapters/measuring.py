"""Measure a downloaded clip, and tell a video from whatever else a link may lead to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import av
from av.error import FFmpegError

from generators.adapters.errors import BrokenDownload

_SLACK_S = 0.5
"""Difference in length that providers' own rounding explains."""


@dataclass(frozen=True)
class Measured:
    """Facts of a clip's file."""

    duration_s: float
    width: int
    height: int
    fps: float
    has_sound: bool


def measure(path: Path, content_type: str) -> Measured:
    """Return the facts of a clip.

    Args:
        path: The file.
        content_type: What the server called it, for the message.

    Raises:
        BrokenDownload: The file is no video, or it ends before the length that it states.
    """
    start = path.read_bytes()[:64].lstrip().lower() if path.stat().st_size < 2**20 else b""
    if start.startswith((b"<!doctype", b"<html", b"{")):
        raise BrokenDownload(f"The clip must be a video; got a text ({content_type or 'of no stated type'}).")
    try:
        return _read(path)
    except (FFmpegError, IndexError, ValueError) as error:
        raise BrokenDownload(f"The clip must be a complete video; it cannot be read: {error}.") from error


def differs(first_s: float, second_s: float) -> bool:
    """Whether two lengths in seconds differ by more than rounding."""
    return abs(first_s - second_s) > _SLACK_S


def _read(path: Path) -> Measured:
    with av.open(path) as container:
        video = container.streams.video[0]
        end, count = 0.0, 0
        for packet in container.demux(video):
            if packet.pts is not None and packet.time_base is not None:
                count += 1
                end = max(end, float((packet.pts + (packet.duration or 0)) * packet.time_base))
        stated = float(video.duration * video.time_base) if video.duration and video.time_base else end
        if count == 0 or stated - end > _SLACK_S:
            raise ValueError(f"it ends after {end:.2f} s of {stated:.2f} s")
        return Measured(
            duration_s=round(end, 3),
            width=video.codec_context.width,
            height=video.codec_context.height,
            fps=round(float(video.average_rate or 0), 3),
            has_sound=bool(container.streams.audio),
        )
