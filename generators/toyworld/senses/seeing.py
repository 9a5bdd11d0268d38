"""See coloured blobs in sharp frames, with their shapes and paths, and frames that are held."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from generators.toyworld.world.palette import COLOURS

Floats = NDArray[np.float64]
_Masks = NDArray[np.bool_]

_CONTRAST = 22
"""Least difference of a foreground pixel from the background, in levels of one channel."""
_SMALLEST = 0.008
"""Least share of the box that a blob covers, half of what the core of a small triangle covers."""
_CHANGE = 16
"""Largest difference between two frames that encoding noise makes, in levels of one channel."""
_SHAPE_FILL = {"triangle": 0.5, "circle": np.pi / 4, "square": 1.0}
"""Share of its bounding box that each shape covers."""
_ALL, _BEFORE, _INNER, _AFTER = slice(None), slice(None, -2), slice(1, -1), slice(2, None)
_NEIGHBOURS = (
    (_ALL, _BEFORE, _INNER),
    (_ALL, _AFTER, _INNER),
    (_ALL, _INNER, _BEFORE),
    (_ALL, _INNER, _AFTER),
)
"""Indices of the pixel above, below, left and right of each inner pixel, for (time, row, column)."""


@dataclass(frozen=True)
class Blob:
    """One coloured object through time. Positions are in boxes, and NaN while it is partly hidden."""

    colour: str
    shape: str
    centre: Floats
    """x and y of the centre of mass, (time, 2)."""
    low: Floats
    """Left and top edge, (time, 2)."""
    high: Floats
    """Right and bottom edge, (time, 2)."""


def held_frames(frames: NDArray[np.uint8]) -> _Masks:
    """Return which frames look the same as the one before, (time,); the first never does."""
    held = np.zeros(len(frames), bool)
    for index in range(1, len(frames)):
        before, after = frames[index - 1], frames[index]
        # Unsigned differences wrap around, so the smaller of the two is the distance.
        apart = np.minimum(before - after, after - before)
        held[index] = np.count_nonzero(apart > _CHANGE) < 3
    return held


def find_blobs(frames: NDArray[np.uint8]) -> tuple[Blob, ...]:
    """Find the objects in frames (time, side, side, 3), one for each palette colour that most frames hold."""
    background = np.median(frames[0].reshape(-1, 3), axis=0)
    where, pixels = foreground(frames, background)
    labels = np.zeros(frames.shape[:3], np.uint8)
    labels[where] = 1 + _nearest(pixels, np.array(list(COLOURS.values()), float))
    core = _core(labels)
    seen = [name for label, name in enumerate(COLOURS, 1) if _is_object(core == label)]
    # Label again with the visible colours alone: most rim pixels then go to their object or the background.
    palette = np.array([background, *(COLOURS[name] for name in seen)], float)
    labels[where] = _nearest(pixels, palette)
    core = _core(labels)
    return tuple(_blob(name, _regrow(core == label)) for label, name in enumerate(seen, 1))


def foreground(
    frames: NDArray[np.uint8], background: Floats
) -> tuple[tuple[NDArray[np.intp], ...], NDArray[np.float32]]:
    """Return indices (time, row, column) and colours (pixel, 3) of pixels that differ from the background."""
    differs = np.zeros(frames.shape[:3], bool)
    for channel, level in enumerate(background.round().astype(int)):
        values = frames[..., channel]
        is_darker = values < max(level - _CONTRAST, 0)
        is_brighter = values > min(level + _CONTRAST, 255)
        differs |= is_darker | is_brighter
    where = np.nonzero(differs)
    return where, frames[where].astype(np.float32)


def _nearest(pixels: NDArray[np.float32], palette: Floats) -> NDArray[np.intp]:
    """Return the index in the palette (colour, 3) that each pixel (pixel, 3) is nearest to."""
    distances = [((pixels - colour.astype(np.float32)) ** 2).sum(axis=1) for colour in palette]
    return np.asarray(np.argmin(distances, axis=0))


def _core(labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the labels that all four neighbours share, else 0, (time, side − 2, side − 2).

    Colours mix along a rim, and may there look like a third colour.
    """
    inner = labels[:, 1:-1, 1:-1]
    is_core = [inner == labels[neighbour] for neighbour in _NEIGHBOURS]
    return np.asarray(inner * np.logical_and.reduce(is_core))


def _regrow(core: _Masks) -> _Masks:
    """Extend a core by the pixels around it, (time, side, side)."""
    mask = np.pad(core, ((0, 0), (1, 1), (1, 1)))
    for neighbour in _NEIGHBOURS:
        mask[neighbour] |= core
    return mask


def _is_object(mask: _Masks) -> bool:
    return bool(np.median(mask.mean(axis=(1, 2))) >= _SMALLEST)


def _blob(colour: str, mask: _Masks) -> Blob:
    """Measure the object that a mask (time, side, side) shows."""
    side = mask.shape[1]
    # Pixels in each row and column (time, side), and in all (time,).
    rows = mask.sum(axis=2)
    columns = mask.sum(axis=1)
    area = mask.sum(axis=(1, 2))
    # Edges and extent (time, 2), in boxes.
    low = np.stack([_edge(columns, last=False), _edge(rows, last=False)], axis=1)
    high = np.stack([_edge(columns, last=True), _edge(rows, last=True)], axis=1)
    extent = high - low
    # The object is whole where its area and its extent are about their medians.
    usual = np.median(extent, axis=0)
    whole = (area > 0.93 * np.median(area)) & (np.abs(extent - usual) < 0.025).all(axis=1)
    fill = 0.0
    if whole.any():
        bounding = extent[whole].prod(axis=1)
        fill = float(np.median(area[whole] / side**2 / bounding))
    shape = min(_SHAPE_FILL, key=lambda name: abs(_SHAPE_FILL[name] - fill))
    # Centre of mass (time, 2).
    pixel = (np.arange(side) + 0.5) / side
    with np.errstate(invalid="ignore"):
        centre = np.stack([columns @ pixel, rows @ pixel], axis=1) / area[:, None]
    hidden = ~whole[:, None]
    return Blob(colour, shape, *(np.where(hidden, np.nan, value) for value in (centre, low, high)))


def _edge(counts: NDArray[np.int64], last: bool) -> Floats:
    """Return the first or last line (time,) with at least two pixels, in boxes; a single one is noise."""
    touched = counts >= 2
    side = touched.shape[1]
    if last:
        return np.asarray((side - np.argmax(touched[:, ::-1], axis=1)) / side)
    return np.asarray(np.argmax(touched, axis=1) / side)
