"""Find a mark that stands still in a corner of a moving picture, such as a provider's name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple

import av
import numpy as np
from numpy.typing import NDArray

from arena.media.intake import READ_SAFELY

Corner = Literal["top left", "top right", "bottom left", "bottom right"]

HEIGHT = 360
"""Height in pixels at which pictures are compared."""
STEP, PICTURES = 4, 24
"""Every fourth picture is looked at, up to four seconds at 24 frames a second."""
EDGE = 12.0
"""Least difference of neighbouring levels, of 255, that counts as an edge."""
LASTING = 0.8
"""Least share of the pictures in which an edge that stands still is seen."""
LEAST_SHARE = 0.015
"""Least share of a corner's pixels that are edges of a mark."""
LEAST_CONTRAST = 6.0
"""Least ratio of edges in the corner to those beside and above it."""

Levels = NDArray[np.float32]


class _Box(NamedTuple):
    """Part of a picture, as shares of its height and width."""

    top: float
    bottom: float
    left: float
    right: float

    def share(self, edges: NDArray[np.bool_]) -> float:
        height, width = edges.shape
        rows = slice(round(self.top * height), round(self.bottom * height))
        columns = slice(round(self.left * width), round(self.right * width))
        return float(edges[rows, columns].mean())


_BANDS = {"top": (0.0, 0.15), "bottom": (0.85, 1.0)}
_SIDES = {"left": (0.0, 0.3), "right": (0.7, 1.0)}
_CORNERS: tuple[Corner, ...] = ("top left", "top right", "bottom left", "bottom right")


def find_corner_mark(path: Path) -> Corner | None:
    """Return the corner in which something high in contrast stands still while the picture moves, or None.

    An edge stands still if most pictures have it with one sign; the gradients of what moves change theirs.
    The idea is that of Dekel et al., On the Effectiveness of Visible Watermarks (CVPR 2017, section 3.1), who
    take medians over many pictures. A corner is marked if it holds many such edges and the middles of its two
    sides hold few: bars, and a picture that stands still as a whole, have them everywhere.
    """
    pictures = list(_pictures(path))
    if len(pictures) < 3:
        return None
    edges = _standing_edges(np.stack(pictures))
    shares = {corner: _share(corner, edges) for corner in _CORNERS}
    corner = max(_CORNERS, key=lambda each: shares[each])
    return corner if shares[corner] > 0 else None


def _share(corner: Corner, edges: NDArray[np.bool_]) -> float:
    """Return the share of edges in a corner, or 0 if it holds few or its sides hold as many."""
    band, side = corner.split()
    rows, columns = _BANDS[band], _SIDES[side]
    inside = _Box(*rows, *columns).share(edges)
    beside = max(_Box(*rows, 0.35, 0.65).share(edges), _Box(0.3, 0.7, *columns).share(edges))
    return inside if inside >= max(LEAST_SHARE, LEAST_CONTRAST * beside) else 0.0


def _standing_edges(pictures: Levels) -> NDArray[np.bool_]:
    """Return where an edge of one sign lasts.

    pictures (N, H, W); gradients (N, H − 1, W − 1) in each direction; result (H − 1, W − 1).
    """
    across, down = np.diff(pictures, axis=2)[:, :-1, :], np.diff(pictures, axis=1)[:, :, :-1]
    least = LASTING * len(pictures)
    signed = (across >= EDGE, across <= -EDGE, down >= EDGE, down <= -EDGE)
    found: NDArray[np.bool_] = np.any([edge.sum(axis=0) >= least for edge in signed], axis=0)
    return found


def _pictures(path: Path) -> Iterator[Levels]:
    with av.open(f"file:{path}", options=READ_SAFELY) as container:
        for number, frame in enumerate(container.decode(video=0)):
            if number >= STEP * PICTURES:
                return
            if number % STEP == 0:
                width = max(16, round(frame.width * HEIGHT / frame.height / 2) * 2)
                small = frame.reformat(width, HEIGHT, "gray", interpolation="AREA")
                yield small.to_ndarray().astype(np.float32)
