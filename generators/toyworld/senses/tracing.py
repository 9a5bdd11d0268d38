"""Trace objects through frames, however small or blurred.

The colour of a partly covered pixel lies on the line from the background to the object's colour. So the
covered share of each pixel can be read off, blurred or not, and compared with each shape in each size.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from generators.toyworld.senses.seeing import Blob, Floats, foreground
from generators.toyworld.world.drawing import distance
from generators.toyworld.world.grammar import WORDS
from generators.toyworld.world.palette import BACKGROUNDS, COLOURS
from generators.toyworld.world.physics import RADIUS

_COVERED = 0.35
"""Least covered share of a patch's pixels."""
_SOLID = 0.7
"""Least covered share of a pixel that names a colour: the rim of orange on navy may look like yellow."""
_SMALLEST = 0.004
"""Least share of the box that a patch covers, a quarter of a small triangle."""
_SOFTNESS = (1.0, 3.0)
"""Widths of an edge in pixels by which looks are told apart: as drawn, and after a codec."""
_EDGES = (1.0, 2.0, 3.0, 4.0)
"""Widths of an edge in pixels that are told apart, in one frame of four."""
_ALIKE = 0.3
"""Largest energy of the difference from the best template, as a share of the template's energy."""
_IN_FRAME = np.pad(np.ones((1, 3, 3)), ((1, 1), (0, 0), (0, 0)))
"""Neighbourhood of a pixel: within its frame, not through time."""
_Cover = NDArray[np.float32]


@dataclass(frozen=True)
class ObjectTrack:
    """One coloured object through time."""

    colour: str
    shape: str
    size: str
    centre: Floats
    """x and y of its bounding square's centre, (time, 2), in boxes; NaN where it isn't alone and whole."""
    patches: NDArray[np.intp]
    """Number of patches of its colour, (time,)."""
    edge_px: float
    """Width of its edge in pixels of these frames."""

    @property
    def whole(self) -> NDArray[np.bool_]:
        """Whether there is exactly one patch, and it looks like the object, (time,)."""
        return ~np.isnan(self.centre[:, 0])

    @property
    def blob(self) -> Blob:
        """Centre and edges of the object, in which `impacts` finds turns."""
        radius = RADIUS[self.size]
        return Blob(self.colour, self.shape, self.centre, self.centre - radius, self.centre + radius)


class _Patches(NamedTuple):
    number: NDArray[np.intp]
    """Number of patches in each frame, (time,)."""
    centroid: Floats
    """Centroid of the largest patch, (time, 2), in pixels; NaN without one."""


def name_background(frames: NDArray[np.uint8]) -> str:
    """Return the background colour nearest to the median pixel of frames (time, side, side, 3)."""
    colour = _background(frames)
    return min(BACKGROUNDS, key=lambda name: float(np.linalg.norm(colour - BACKGROUNDS[name])))


def trace(frames: NDArray[np.uint8]) -> tuple[ObjectTrack, ...]:
    """Trace objects in frames (time, side, side, 3), one for each palette colour that most frames hold."""
    background = _background(frames)
    where, pixels = foreground(frames, background)
    pixels -= background.astype(np.float32)
    seen = _colours(where, pixels, background, frames.shape)
    if not seen:
        return ()
    # A pixel p is Σ share·line over the colours: shares (pixel, colour) are p times the pseudo-inverse of the
    # lines (colour, 3); cover is (colour, time, side, side).
    lines = np.stack([np.array(COLOURS[name]) - background for name in seen]).astype(np.float32)
    cover = np.zeros((len(seen), *frames.shape[:3]), np.float32)
    for index, share in enumerate(np.clip(pixels @ np.linalg.pinv(lines), 0, 1).T):
        cover[index][where] = share
    return tuple(_track(name, cover[index]) for index, name in enumerate(seen))


def overlapping(tracks: tuple[ObjectTrack, ...]) -> NDArray[np.bool_]:
    """Return where two objects are so near that one hides the other or has just done so, (time,)."""
    if len(tracks) < 2:
        return np.zeros(len(tracks[0].centre) if tracks else 0, bool)
    first, second = (_filled(track.centre) for track in tracks[:2])
    reach = RADIUS[tracks[0].size] + RADIUS[tracks[1].size] + 0.03
    return np.asarray((np.abs(first - second) < reach).all(axis=1))


def _background(frames: NDArray[np.uint8]) -> Floats:
    return np.asarray(np.median(frames[::4, ::2, ::2].reshape(-1, 3), axis=0))


def _colours(
    where: tuple[NDArray[np.intp], ...],
    pixels: NDArray[np.float32],
    background: Floats,
    shape: tuple[int, ...],
) -> list[str]:
    """Return the names of the colours that explain enough well-covered pixels in most frames."""
    # Pixel p lies at share a = clip(p·d / |d|², 0, 1) of each colour's line d; a and p·d are (pixel, colour).
    lines = np.array([np.array(rgb) - background for rgb in COLOURS.values()], np.float32)
    share = np.clip(pixels @ lines.T / (lines**2).sum(axis=1), 0, 1)
    # Its colour has the least |p − a d|², which is |p|² − 2 a p·d + a²|d|²; |p|² is the same for all colours.
    away = share * (share * (lines**2).sum(axis=1) - 2 * (pixels @ lines.T))
    label = away.argmin(axis=1)
    solid = np.take_along_axis(share, label[:, None], axis=1)[:, 0] > _SOLID
    # Well-covered pixels of each colour in each frame, (colour, time).
    counts = np.zeros((len(COLOURS), shape[0]), int)
    np.add.at(counts, (label[solid], where[0][solid]), 1)
    held = (counts >= _SMALLEST * shape[1] * shape[2]).mean(axis=1)
    return [name for name, often in zip(COLOURS, held, strict=True) if often >= 0.5]


def _track(colour: str, cover: _Cover) -> ObjectTrack:
    """Follow the object of one colour through its cover (time, side, side)."""
    side = cover.shape[1]
    patches = _patches(cover)
    alone = patches.number == 1
    (shape, size), edge_px, alike = _recognise(cover, patches.centroid, alone)
    centre = (patches.centroid - _centroid_offset(shape, RADIUS[size] * side)) / side
    centre[~(alone & alike)] = np.nan
    return ObjectTrack(colour, shape, size, centre, patches.number, edge_px)


def _patches(cover: _Cover) -> _Patches:
    """Find the connected patches of covered pixels in each frame."""
    labels, found = ndimage.label(cover > _COVERED, _IN_FRAME)
    # Each covered pixel: its place, its patch and its weight, (pixel,).
    time, row, column = np.nonzero(labels)
    patch = labels[time, row, column] - 1
    weight = cover[time, row, column]
    # Each patch: its mass, its centroid and its frame, (patch,).
    mass = np.bincount(patch, weight, found)
    x = np.bincount(patch, weight * (column + 0.5), found) / mass
    y = np.bincount(patch, weight * (row + 0.5), found) / mass
    when = np.zeros(found, int)
    when[patch] = time
    large = mass >= _SMALLEST * cover.shape[1] * cover.shape[2]
    count = np.bincount(when[large], minlength=len(cover))
    # In order of mass, so that of several patches in a frame the largest is written last.
    order = np.flatnonzero(large)[np.argsort(mass[large])]
    centroid = np.full((len(cover), 2), np.nan)
    centroid[when[order]] = np.stack([x, y], axis=1)[order]
    return _Patches(count, centroid)


def _recognise(
    cover: _Cover, centroid: Floats, alone: NDArray[np.bool_]
) -> tuple[tuple[str, str], float, NDArray[np.bool_]]:
    """Return the shape and size that fit best, the edge's width, and where they fit well, (time,)."""
    looks = list(product(WORDS["shape"], WORDS["size"]))
    alike = np.zeros(len(cover), bool)
    if not alone.any():
        return looks[0], _SOFTNESS[0], alike
    window, dx, dy = _windows(cover[alone], centroid[alone])
    # errors (look, softness, frame): the best look and softness have the least sum over frames.
    errors = np.array([[*_misfits(window, dx, dy, *look, cover.shape[1])] for look in looks])
    best = np.unravel_index(errors.sum(axis=2).argmin(), errors.shape[:2])
    alike[alone] = errors[best] < _ALIKE
    look = looks[best[0]]
    edges = [*_misfits(window[::4], dx[::4], dy[::4], *look, cover.shape[1], _EDGES)]
    return look, _EDGES[int(np.sum(edges, axis=1).argmin())], alike


def _windows(cover: _Cover, centroid: Floats) -> tuple[_Cover, _Cover, _Cover]:
    """Cut a square of pixels around each centroid.

    Args:
        cover: Covered shares (time, side, side).
        centroid: x and y (time, 2), in pixels.

    Returns:
        Covered shares (time, width, width); each pixel's distance to the right of the centroid
        (time, 1, width), and below it (time, width, 1).
    """
    reach = round(1.4 * RADIUS["large"] * cover.shape[1])
    padded = np.pad(cover, ((0, 0), (reach, reach), (reach, reach)))
    # Rows and columns of each square in the padded frame, (time, width).
    corner = np.floor(centroid).astype(int)
    steps = np.arange(2 * reach + 1)
    columns = corner[:, 0, None] + steps
    rows = corner[:, 1, None] + steps
    window = padded[np.arange(len(cover))[:, None, None], rows[:, :, None], columns[:, None, :]]
    dx = columns + 0.5 - reach - centroid[:, 0, None]
    dy = rows + 0.5 - reach - centroid[:, 1, None]
    return window, dx.astype(np.float32)[:, None, :], dy.astype(np.float32)[:, :, None]


def _misfits(
    window: _Cover,
    dx: _Cover,
    dy: _Cover,
    shape: str,
    size: str,
    side: int,
    widths: Sequence[float] = _SOFTNESS,
) -> Iterator[Floats]:
    """Yield the energy of the difference from each edge's template over the template's, (time,)."""
    radius = np.float32(RADIUS[size] * side)
    right, down = _centroid_offset(shape, float(radius))
    away = distance(shape, dx + np.float32(right), dy + np.float32(down), radius)
    for softness in widths:
        template = np.clip(0.5 - away / np.float32(softness), 0, 1)
        left = ((window - template) ** 2).sum(axis=(1, 2))
        yield left / (template**2).sum(axis=(1, 2))


def _centroid_offset(shape: str, radius: float) -> tuple[float, float]:
    """Return how far right of and below its bounding square's centre a shape's centre of mass lies."""
    return (0.0, radius / 3) if shape == "triangle" else (0.0, 0.0)


def _filled(centre: Floats) -> Floats:
    """Fill gaps in positions (time, 2) by linear interpolation."""
    known = ~np.isnan(centre[:, 0])
    if not known.any():
        return np.full_like(centre, -1.0)
    at = np.arange(len(centre))
    x = np.interp(at, at[known], centre[known, 0])
    y = np.interp(at, at[known], centre[known, 1])
    return np.stack([x, y], axis=1)
