"""Read images, sound tracks and negative prompts; turn images into tensors, and frames into pixels."""

from __future__ import annotations

import struct
import warnings
import zlib
from pathlib import Path

import av
import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor

from generators.base import InvalidInput
from generators.happyhorse.pipeline.request import Sound

_KEPT_RATES = (22_050, 32_000, 44_100, 48_000)
"""Sample rates in Hz that a sound track keeps; any other becomes the last of them."""
MOST_PIXELS = 89_478_485
"""Largest image: Pillow warns beyond it, because a small file may unpack to more than memory holds."""
_DAMAGED = (OSError, SyntaxError, ValueError, ArithmeticError, LookupError, TypeError, EOFError)
"""Errors that Pillow's readers raise for damaged files."""


def read_image(path: Path) -> Image.Image:
    """Read an image as upright RGB of 8 bits: the first of several, transparent parts on white.

    Raises:
        InvalidInput: The file is missing, damaged or too large, or its values aren't of 8 or 16 bits.
    """
    if not path.is_file():
        raise InvalidInput(f"Can't read the image {path}: there is no such file.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # errors say what is wrong
            with Image.open(path) as image:
                _check_pixels(path, image)
                return _to_rgb(ImageOps.exif_transpose(image))
    except InvalidInput:
        raise
    except (*_DAMAGED, struct.error, zlib.error, Image.DecompressionBombError) as error:
        raise InvalidInput(
            f"Can't read the image {path}: {error}. Give a whole PNG, JPEG or WebP file."
        ) from error


def _check_pixels(path: Path, image: Image.Image) -> None:
    width, height = image.size
    if width * height > MOST_PIXELS:
        most = f"{MOST_PIXELS:,} pixels"
        raise InvalidInput(
            f"An image must have at most {most}; {path} has {width}×{height}. Make it smaller."
        )


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith(("I", "F")):
        return _from_wide(image).convert("RGB")
    if not image.has_transparency_data:
        return image.convert("RGB")
    over = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", over.size, "white"), over).convert("RGB")


def _from_wide(image: Image.Image) -> Image.Image:
    """Scale grey values of 16 bits to 8; Pillow's own conversion would clip them."""
    values = np.asarray(image)
    if image.mode == "F" or values.min() < 0 or values.max() > 65_535:
        raise ValueError("its values aren't whole numbers of 8 or 16 bits")
    return Image.fromarray((values.astype(np.uint32) * 255 // 65_535).astype(np.uint8))


def fit_image(image: Image.Image, width: int, height: int) -> Tensor:
    """Cut out an image's middle in a shape, and resize it: (1, 3, 1, height, width) in [−1, 1]."""
    fitted = ImageOps.fit(image.convert("RGB"), (width, height), Image.Resampling.LANCZOS)
    pixels = torch.from_numpy(np.array(fitted)).permute(2, 0, 1).float()
    return (pixels / 127.5 - 1)[None, :, None]


def read_sound(path: Path) -> Sound:
    """Read a file's first sound track in stereo, at its own rate if MP4 players know it.

    Raises:
        InvalidInput: The file is missing or damaged, has no sound, or holds NaN or infinity.
    """
    if not path.is_file():
        raise InvalidInput(f"Can't read the sound in {path}: there is no such file.")
    try:
        sound = _decode_sound(path)
    except InvalidInput:
        raise
    except (OSError, ValueError, av.FFmpegError) as error:
        raise InvalidInput(
            f"Can't read the sound in {path}: {error}. Give a whole WAV, MP3 or MP4 file."
        ) from error
    if not np.isfinite(sound.samples).all():
        raise InvalidInput(
            f"The sound in {path} must be finite; got NaN or infinity in it. Export it again as 16-bit WAV."
        )
    return sound


def _decode_sound(path: Path) -> Sound:
    with av.open(str(path)) as container:
        if not container.streams.audio:
            raise InvalidInput(f"{path} holds no sound. Give a file with a sound track.")
        stream = container.streams.audio[0]
        rate = stream.rate if stream.rate in _KEPT_RATES else _KEPT_RATES[-1]
        to_stereo = av.AudioResampler(format="fltp", layout="stereo", rate=rate)
        decoded = [part for frame in container.decode(stream) for part in to_stereo.resample(frame)]
        decoded += to_stereo.resample(None)
    if not decoded:
        raise InvalidInput(f"The sound in {path} is empty. Give a file with a sound track.")
    return Sound(np.concatenate([frame.to_ndarray() for frame in decoded], axis=1), rate)


def read_negative_prompt(path: Path) -> str:
    """Read a negative prompt from a text file.

    Raises:
        InvalidInput: The file is missing, empty or not in UTF-8.
    """
    try:
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        raise InvalidInput(f"Can't read the negative prompt {path}: {error}. Give a text file.") from error
    if not text:
        raise InvalidInput(f"The negative prompt {path} is empty. Leave it out for our own.")
    return text


def to_pixels(frames: Tensor) -> np.ndarray:
    """Turn frames (1, 3, F, height, width) in about [−1, 1] to uint8 (F, height, width, 3), rounded down."""
    levels = (frames[0].float() * 0.5 + 0.5).clamp(0, 1) * 255
    return levels.to(torch.uint8).permute(1, 2, 3, 0).contiguous().cpu().numpy()
