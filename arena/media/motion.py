"""Measure how much a video moves."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from arena.media.intake import READ_SAFELY

FORMAT = "yuv420p"
"""Pixel format of renditions, whose first plane is luma."""


def measure_motion(path: Path) -> float:
    """Return the mean absolute difference of luma between a picture and the next, in levels of 0 to 255.

    The mean is over all pixels of all pairs of successive pictures. 0 is a still picture. The same file gives
    the same number on every machine, since decoded H.264 and sums of integers do.

    Args:
        path: a playable video.
    """
    total, compared = 0, 0
    before: NDArray[np.int16] | None = None
    with av.open(f"file:{path}", options=READ_SAFELY) as container:
        for frame in container.decode(video=0):
            luma = _luma(frame)
            if before is not None:
                total += int(np.abs(luma - before).sum(dtype=np.int64))
                compared += luma.size
            before = luma
    return total / compared if compared else 0.0


def _luma(frame: av.VideoFrame) -> NDArray[np.int16]:
    """Return the luma of a picture, shape (height, width)."""
    plane = (frame if frame.format.name == FORMAT else frame.reformat(format=FORMAT)).planes[0]
    rows = np.frombuffer(bytes(plane), np.uint8).reshape(plane.height, plane.line_size)
    luma: NDArray[np.int16] = rows[:, : plane.width].astype(np.int16)
    return luma
