"""Tell whether anything moves in a video."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np

from arena.media.intake import READ_SAFELY

SIDE = 64
"""Side in pixels at which pictures are compared, so that an encoder's noise averages out."""
TOLERANCE = 4
"""Levels, of 255, by which an encoder may change a still picture."""


def is_still(path: Path) -> bool:
    """Return whether all pictures of a playable file are the same; stop at the first that differs."""
    first: np.ndarray | None = None
    with av.open(f"file:{path}", options=READ_SAFELY) as container:
        for frame in container.decode(video=0):
            picture = frame.reformat(SIDE, SIDE, "gray", interpolation="AREA").to_ndarray().astype(np.int16)
            first = picture if first is None else first
            if np.abs(picture - first).max() > TOLERANCE:
                return False
    return True
