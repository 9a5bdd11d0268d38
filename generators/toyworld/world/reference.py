"""Reference images for the image tracks: draw one from a scene, or read the start positions from one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image
from scipy import ndimage

from generators.base import InvalidInput
from generators.toyworld.world.clip import draw_frames
from generators.toyworld.world.drawing import Box
from generators.toyworld.world.grammar import ObjectSpec, Scene
from generators.toyworld.world.palette import COLOURS
from generators.toyworld.world.physics import RADIUS, Point, simulate

_REACH = 60.0
"""Largest distance of a pixel from its palette entry, in sRGB levels."""
_SMALLEST = 0.001
"""Least share of the box that an object's patch covers; a small triangle covers 0.016."""


def draw_reference(scene: Scene, seed: int, side: int) -> Image.Image:
    """Draw the scene's first frame as a square picture."""
    flights = simulate(scene, seed, 0.0)
    return Image.fromarray(next(draw_frames(scene, flights, 1.0, side, side, 1.0)))


def find_starts(scene: Scene, image: Path) -> tuple[Point, ...]:
    """Find the scene's objects in an image by their colours; return their centres, in boxes.

    Raises:
        InvalidInput: The image can't be read, or an object's colour is not visible in it.
    """
    try:
        with Image.open(image) as picture:
            pixels = np.asarray(picture.convert("RGB"), np.float32)
    except OSError as error:
        raise InvalidInput(f"Can't read the reference image {image.name}: {error}.") from error
    box = Box.within(pixels.shape[1], pixels.shape[0])
    inside = pixels[box.pixels]
    # distances (colour, row, column); nearest (row, column) is a colour's index, or −1 for none.
    distances = np.stack([np.linalg.norm(inside - colour, axis=-1) for colour in COLOURS.values()])
    nearest = np.where(distances.min(axis=0) <= _REACH, distances.argmin(axis=0), -1)
    return tuple(_find(item, nearest == list(COLOURS).index(item.colour)) for item in scene.objects)


def _find(item: ObjectSpec, mask: np.ndarray) -> Point:
    patches, _ = ndimage.label(mask)
    sizes = np.bincount(patches.ravel())[1:]
    if not sizes.size or sizes.max() < _SMALLEST * mask.size:
        raise InvalidInput(f"The reference image shows nothing {item.colour}; the prompt asks for it.")
    rows, columns = ndimage.find_objects(patches)[int(sizes.argmax())]
    side = len(mask)
    return Point(_inside(columns, side, item.size), _inside(rows, side, item.size))


def _inside(extent: slice, side: int, size: str) -> float:
    """Return the middle of a patch's rows or columns, in boxes, no nearer to a wall than its radius."""
    middle: float = (extent.start + extent.stop) / 2 / side
    return min(max(middle, RADIUS[size]), 1 - RADIUS[size])
