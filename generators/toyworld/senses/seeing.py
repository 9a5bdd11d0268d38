"""What is to be seen in footage: coloured blobs, their shapes and ways, and held frames."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from generators.toyworld.world.palette import COLOURS

Floats = NDArray[np.float64]
_Masks = NDArray[np.bool_]

_CONTRAST = 22
"""Difference of a channel from the background that makes a pixel worth a closer look."""
_SMALLEST = 0.008
"""Share of the box that a blob must cover, half of what the core of a small triangle does."""
_CHANGE = 16
"""Difference of a channel between two frames that is more than encoding noise."""
_SHAPE_FILL = {"triangle": 0.5, "circle": np.pi / 4, "square": 1.0}
"""How much of its bounding box each shape covers."""


@dataclass(frozen=True)
class Blob:
    """One coloured object through time; positions in boxes, NaN while it is partly hidden."""

    colour: str
    shape: str
    centre: Floats
    """(time, 2): x and y of the centre of mass."""
    low: Floats
    """(time, 2): left and top edge."""
    high: Floats
    """(time, 2): right and bottom edge."""


def held_frames(frames: NDArray[np.uint8]) -> _Masks:
    """Which frames look the same as the one before; the first never does."""
    held = np.zeros(len(frames), bool)
    for index in range(1, len(frames)):
        before, after = frames[index - 1], frames[index]
        # Unsigned differences wrap round, so the smaller of both directions is the distance.
        apart = np.minimum(before - after, after - before)
        held[index] = np.count_nonzero(apart > _CHANGE) < 3
    return held


def find_blobs(frames: NDArray[np.uint8]) -> tuple[Blob, ...]:
    """The objects, one for each palette colour that covers enough in most frames."""
    background = np.median(frames[0].reshape(-1, 3), axis=0)
    where, pixels = foreground(frames, background)
    labels = np.zeros(frames.shape[:3], np.uint8)
    labels[where] = 1 + _nearest(pixels, np.array(list(COLOURS.values()), float))
    core = _core(labels)
    seen = [name for label, name in enumerate(COLOURS, 1) if _is_object(core == label)]
    # Once more with the colours that are there: now most rim pixels go to their object or the background.
    labels[where] = _nearest(pixels, np.array([background, *(COLOURS[name] for name in seen)], float))
    core = _core(labels)
    return tuple(_blob(name, _regrow(core == label)) for label, name in enumerate(seen, 1))


def foreground(
    frames: NDArray[np.uint8], background: Floats
) -> tuple[tuple[NDArray[np.intp], ...], NDArray[np.float32]]:
    """Indices (time, row, column) and colours of all pixels that differ from the background."""
    differs = np.zeros(frames.shape[:3], bool)
    for channel, level in enumerate(background.round().astype(int)):
        values = frames[..., channel]
        differs |= (values < max(level - _CONTRAST, 0)) | (values > min(level + _CONTRAST, 255))
    where = np.nonzero(differs)
    return where, frames[where].astype(np.float32)


def _nearest(pixels: NDArray[np.float32], palette: Floats) -> NDArray[np.intp]:
    distances = [((pixels - colour.astype(np.float32)) ** 2).sum(axis=1) for colour in palette]
    return np.asarray(np.argmin(distances, axis=0))


def _core(labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Labels that all four neighbours share, else 0: a rim, where colours mix, may look like a third one."""
    inner = labels[:, 1:-1, 1:-1]
    around = (labels[:, :-2, 1:-1], labels[:, 2:, 1:-1], labels[:, 1:-1, :-2], labels[:, 1:-1, 2:])
    return np.asarray(inner * np.logical_and.reduce([inner == neighbour for neighbour in around]))


def _regrow(core: _Masks) -> _Masks:
    """Gives a core back the pixels around it, and what has no core nothing."""
    mask = np.pad(core, ((0, 0), (1, 1), (1, 1)))
    for neighbour in (mask[:, :-2, 1:-1], mask[:, 2:, 1:-1], mask[:, 1:-1, :-2], mask[:, 1:-1, 2:]):
        neighbour |= core
    return mask


def _is_object(mask: _Masks) -> bool:
    return bool(np.median(mask.mean(axis=(1, 2))) >= _SMALLEST)


def _blob(colour: str, mask: _Masks) -> Blob:
    rows, columns = mask.sum(axis=2), mask.sum(axis=1)
    area = mask.sum(axis=(1, 2))
    low, high = (np.stack([_edge(columns, last), _edge(rows, last)], axis=1) for last in (False, True))
    extent = high - low
    usual = np.median(extent, axis=0)
    whole = (area > 0.93 * np.median(area)) & (np.abs(extent - usual) < 0.025).all(axis=1)
    side = mask.shape[1]
    fill = np.median(area[whole] / side**2 / extent[whole].prod(axis=1)) if whole.any() else 0.0
    shape = min(_SHAPE_FILL, key=lambda name: abs(_SHAPE_FILL[name] - fill))
    pixel = (np.arange(side) + 0.5) / side
    with np.errstate(invalid="ignore"):
        centre = np.stack([columns @ pixel, rows @ pixel], axis=1) / area[:, None]
    hidden = ~whole[:, None]
    return Blob(colour, shape, *(np.where(hidden, np.nan, value) for value in (centre, low, high)))


def _edge(counts: NDArray[np.int64], last: bool) -> Floats:
    """First or last line with two pixels or more in it; a single one is noise. In boxes."""
    touched = counts >= 2
    side = touched.shape[1]
    if last:
        return np.asarray((side - np.argmax(touched[:, ::-1], axis=1)) / side)
    return np.asarray(np.argmax(touched, axis=1) / side)
