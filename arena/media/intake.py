"""Formats and limits of files that are taken in, and the refusal of all others."""

from __future__ import annotations

from dataclasses import dataclass

# Formats that read the file alone: a playlist that is called .mp4 could name any other file.
READ_SAFELY = {"format_whitelist": "mov,matroska,webm,mpegts", "protocol_whitelist": "file"}
ACCEPTED = "MP4, MOV, WebM, MKV or MPEG-TS"


class UnusableMedia(ValueError):
    """File that can't be shown to raters; the message gives the reason to the person who supplied it."""


@dataclass(frozen=True)
class Limits:
    """Limits of a file that is taken in."""

    size_bytes: int = 512 * 2**20
    duration_s: float = 120.0
    side_px: int = 4096
    fps: float = 120.0
    decoding_s: float = 300.0
    """Time that playing the file once may take."""

    @property
    def pixels(self) -> int:
        """Most pixels of a picture, in the header and midway."""
        return self.side_px**2

    def check_time(self, taken_s: float) -> None:
        """Raise UnusableMedia if playing the file takes too long."""
        if taken_s > self.decoding_s:
            raise UnusableMedia(
                f"The file must be played within {self.decoding_s:g} s; it took {taken_s:.0f} s so far. "
                "Export it shorter or smaller."
            )

    def check_size(self, size_bytes: int) -> None:
        """Raise UnusableMedia if the file is empty or too large."""
        if size_bytes == 0:
            raise UnusableMedia("The file is empty. Upload or download it again.")
        if size_bytes > self.size_bytes:
            raise UnusableMedia(
                f"The file has {size_bytes / 2**20:.1f} MiB; "
                f"at most {self.size_bytes / 2**20:g} MiB are taken."
            )

    def check_duration(self, duration_s: float) -> None:
        """Raise UnusableMedia if the picture lasts too long."""
        if duration_s > self.duration_s:
            raise UnusableMedia(
                f"The video lasts {duration_s:.1f} s; at most {self.duration_s:g} s are taken."
            )

    def check_picture(self, width: int, height: int, fps: float) -> None:
        """Raise UnusableMedia if the picture is too large, or has too many frames in a second."""
        if max(width, height) > self.side_px:
            raise UnusableMedia(
                f"The picture is {width}×{height}; at most {self.side_px} pixels a side are taken."
            )
        if fps > self.fps:
            raise UnusableMedia(f"The video has {fps:g} frames a second; at most {self.fps:g} are taken.")


LIMITS = Limits()
