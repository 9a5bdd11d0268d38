"""Small real clips for fake providers to serve."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.factories_media import tone, write_clip

DURATION_S = 5


@dataclass(frozen=True)
class Clips:
    """Contents of the files that a fake provider serves."""

    whole: bytes
    """5 s at 24 fps with sound."""
    short: bytes
    """2 s with sound."""
    silent: bytes
    """5 s without a sound track."""


def make_clips(folder: Path) -> Clips:
    """Encode the clips once."""
    return Clips(
        whole=_encode(folder / "whole.mp4", DURATION_S, with_sound=True),
        short=_encode(folder / "short.mp4", 2, with_sound=True),
        silent=_encode(folder / "silent.mp4", DURATION_S, with_sound=False),
    )


def _encode(path: Path, seconds: int, *, with_sound: bool) -> bytes:
    sound = tone(seconds) if with_sound else None
    return write_clip(path, width=160, height=90, seconds=seconds, sound=sound).read_bytes()
