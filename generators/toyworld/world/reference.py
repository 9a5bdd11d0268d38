"""Reference images for the image tracks: drawn from a scene, and read back as start positions."""

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
"""How far a pixel may be from a palette entry, in sRGB units, and still have its colour."""
_SMALLEST = 0.001
"""Share of the box that a patch must cover to count as an object; a small triangle covers 0.016."""


def draw_reference(scene: Scene, seed: int, side: int) -> Image.Image:
    """The scene's first frame as a square picture."""
    return Image.fromarray(next(draw_frames(scene, simulate(scene, seed, 0.0), 1.0, side, side, 1.0)))


def find_starts(scene: Scene, image: Path) -> tuple[Point, ...]:
    """Where the scene's objects are in an image, by their colours.

    Raises:
        InvalidInput: The image can't be read, or an object's colour is not visible in it.
    """
    try:
        with Image.open(image) as picture:
            pixels = np.asarray(picture.convert("RGB"), np.float32)
    except OSError as error:
        raise InvalidInput(f"Can't read the reference image {image.name}: {error}.") from error
    box = Box.within(pixels.shape[1], pixels.shape[0])
    inside = pixels[box.top : box.top + box.side, box.left : box.left + box.side]
    distances = np.stack([np.linalg.norm(inside - colour, axis=-1) for colour in COLOURS.values()])
    nearest = np.where(distances.min(axis=0) <= _REACH, distances.argmin(axis=0), -1)
    return tuple(_find(item, nearest == list(COLOURS).index(item.colour)) for item in scene.objects)


def _find(item: ObjectSpec, mask: np.ndarray) -> Point:
    patches, _ = ndimage.label(mask)
    sizes = np.bincount(patches.ravel())[1:]
    if not sizes.size or sizes.max() < _SMALLEST * mask.size:
        raise InvalidInput(f"The reference image shows nothing {item.colour}; the prompt asks for it.")
    rows, columns = ndimage.find_objects(patches)[int(sizes.argmax())]
    side, radius = len(mask), RADIUS[item.size]
    centre = ((columns.start + columns.stop) / 2 / side, (rows.start + rows.stop) / 2 / side)
    return Point(*(min(max(at, radius), 1 - radius) for at in centre))
