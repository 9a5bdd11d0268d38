"""Reads a reference image or a sound track, and turns frames back into pixels."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import torch
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor

from generators.base import InvalidInput
from generators.happyhorse.request import Sound

_KEPT_RATES = (22_050, 32_000, 44_100, 48_000)
"""Hz that a clip's sound track may have; any other becomes the last."""


def read_image(path: Path) -> Image.Image:
    """An image in RGB, upright.

    Raises:
        InvalidInput: There is none, or it is damaged.
    """
    try:
        with Image.open(path) as image:
            return ImageOps.exif_transpose(image).convert("RGB")
    except (OSError, UnidentifiedImageError, SyntaxError, Image.DecompressionBombError) as error:
        raise InvalidInput(
            f"Can't read the image {path}: {error}. Give a whole PNG, JPEG or WebP file."
        ) from error


def fit_image(image: Image.Image, width: int, height: int) -> Tensor:
    """The middle of an image at the wanted shape and size: (1, 3, 1, height, width) in [−1, 1]."""
    fitted = ImageOps.fit(image.convert("RGB"), (width, height), Image.Resampling.LANCZOS)
    pixels = torch.from_numpy(np.array(fitted)).permute(2, 0, 1).float()
    return (pixels / 127.5 - 1)[None, :, None]


def read_sound(path: Path) -> Sound:
    """A file's first sound track in stereo, at its own rate if MP4 players know it.

    Raises:
        InvalidInput: There is none, or it is damaged.
    """
    try:
        with av.open(str(path)) as container:
            if not container.streams.audio:
                raise InvalidInput(f"{path} holds no sound. Give a file with a sound track.")
            stream = container.streams.audio[0]
            rate = stream.rate if stream.rate in _KEPT_RATES else _KEPT_RATES[-1]
            to_stereo = av.AudioResampler(format="fltp", layout="stereo", rate=rate)
            decoded = [part for frame in container.decode(stream) for part in to_stereo.resample(frame)]
            decoded += to_stereo.resample(None)
    except (OSError, av.FFmpegError) as error:
        raise InvalidInput(
            f"Can't read the sound in {path}: {error}. Give a whole WAV, MP3 or MP4 file."
        ) from error
    if not decoded:
        raise InvalidInput(f"The sound in {path} is empty. Give a file with a sound track.")
    return Sound(np.concatenate([frame.to_ndarray() for frame in decoded], axis=1), rate)


def to_pixels(frames: Tensor) -> np.ndarray:
    """Frames (1, 3, F, height, width) of about [−1, 1] to (F, height, width, 3), uint8, rounded down."""
    levels = (frames[0].float() * 0.5 + 0.5).clamp(0, 1) * 255
    return levels.to(torch.uint8).permute(1, 2, 3, 0).contiguous().cpu().numpy()
