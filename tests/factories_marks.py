"""Moving pictures with a text laid over them, as a provider marks its clips."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

WIDTH, HEIGHT = 640, 360
Pixels = NDArray[np.uint8]
Scene = Callable[[int], Pixels]
"""Function that draws picture number n."""

_noise = np.random.default_rng(5)
_TEXTURE = np.kron(_noise.integers(30, 220, (HEIGHT // 4, WIDTH // 2), np.uint8), np.ones((8, 8), np.uint8))[
    ..., None
]


def panning(number: int) -> Pixels:
    """Draw a texture that the camera pans across."""
    left = number * 5
    return np.repeat(_TEXTURE[:HEIGHT, left : left + WIDTH], 3, axis=2)


def standing(number: int) -> Pixels:
    """Draw a texture before a camera that stands still, with a ball that flies."""
    picture = np.repeat(_TEXTURE[:HEIGHT, :WIDTH], 3, axis=2).copy()
    picture[150:200, 40 + number * 6 : 90 + number * 6] = 255
    return picture


def plain(number: int) -> Pixels:
    """Draw a ball that flies across one colour."""
    picture = np.full((HEIGHT, WIDTH, 3), 70, np.uint8)
    picture[150:200, 40 + number * 6 : 90 + number * 6] = 255
    return picture


def barred(number: int) -> Pixels:
    """Draw a panned texture between black bars at top and bottom."""
    picture = panning(number).copy()
    picture[:30] = picture[-30:] = 0
    return picture


def pillared(number: int) -> Pixels:
    """Draw a panned texture between black bars at both sides."""
    picture = panning(number).copy()
    picture[:, :90] = picture[:, -90:] = 0
    return picture


def marked(scene: Scene, place: tuple[int, int], opacity: float) -> Scene:
    """Lay a text over every picture of a scene."""
    image = Image.new("L", (WIDTH, HEIGHT), 0)
    ImageDraw.Draw(image).text(place, "Happy Horse", fill=255, font_size=26)
    mask = np.asarray(image, np.float32)[..., None] / 255 * opacity
    return lambda number: (scene(number) * (1 - mask) + 255 * mask).astype(np.uint8)


def write_scene(path: Path, scene: Scene, pictures: int = 72) -> Path:
    """Encode pictures of a scene at 24 a second."""
    with av.open(path, "w") as container:
        video = container.add_stream("libx264", rate=24, options={"crf": "23", "preset": "ultrafast"})
        video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for number in range(pictures):
            container.mux(video.encode(av.VideoFrame.from_ndarray(scene(number), format="rgb24")))
        container.mux(video.encode(None))
    return path


def write_marked(path: Path, place: tuple[int, int], pictures: int = 72) -> Path:
    """Encode a panned texture with a text at a place, its left and top in pixels."""
    return write_scene(path, marked(panning, place, 0.7), pictures)
