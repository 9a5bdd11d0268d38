"""What is taken in: formats, limits, and the refusal of everything else."""

from __future__ import annotations

from dataclasses import dataclass

# Formats that read nothing but the file itself: a playlist dressed up as .mp4 could name any other.
READ_SAFELY = {"format_whitelist": "mov,matroska,webm,mpegts", "protocol_whitelist": "file"}
ACCEPTED = "MP4, MOV, WebM, MKV or MPEG-TS"


class UnusableMedia(ValueError):
    """A file can't be shown to raters. The message says why, in words for the person who supplied it."""


@dataclass(frozen=True)
class Limits:
    """The largest file that is taken in."""

    size_bytes: int = 512 * 2**20
    duration_s: float = 120.0
    side_px: int = 4096
    fps: float = 120.0

    def check_size(self, size_bytes: int) -> None:
        """Refuse an empty file and one that is too large."""
        if size_bytes == 0:
            raise UnusableMedia("The file is empty. Upload or download it again.")
        if size_bytes > self.size_bytes:
            raise UnusableMedia(
                f"The file has {size_bytes / 2**20:.1f} MiB; "
                f"at most {self.size_bytes / 2**20:g} MiB are taken."
            )

    def check_duration(self, duration_s: float) -> None:
        """Refuse a picture that lasts too long."""
        if duration_s > self.duration_s:
            raise UnusableMedia(
                f"The video lasts {duration_s:.1f} s; at most {self.duration_s:g} s are taken."
            )

    def check_picture(self, width: int, height: int, fps: float) -> None:
        """Refuse a picture that is too large or too fast."""
        if max(width, height) > self.side_px:
            raise UnusableMedia(
                f"The picture is {width}×{height}; at most {self.side_px} pixels a side are taken."
            )
        if fps > self.fps:
            raise UnusableMedia(f"The video has {fps:g} frames a second; at most {self.fps:g} are taken.")


LIMITS = Limits()
