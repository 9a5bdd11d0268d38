"""Reads a reference image or a sound track, and turns frames back into pixels."""

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
"""Hz that a clip's sound track may have; any other becomes the last."""


MOST_PIXELS = 89_478_485
"""Of an image: Pillow warns beyond them, as a small file may unpack to more than memory holds."""
_DAMAGED = (OSError, SyntaxError, ValueError, ArithmeticError, LookupError, TypeError, EOFError)
"""What Pillow's readers raise of files that were cut off or changed."""


def read_image(path: Path) -> Image.Image:
    """An image in RGB, upright: the first of several, transparent parts on white, 16 bits rounded to 8.

    Raises:
        InvalidInput: There is none, or it is damaged, too large, or of another kind of numbers.
    """
    if not path.is_file():
        raise InvalidInput(f"Can't read the image {path}: there is no such file.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what is amiss is said here
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
    """Grey of 16 bits in 8, which Pillow's own conversion would cut instead."""
    values = np.asarray(image)
    if image.mode == "F" or values.min() < 0 or values.max() > 65_535:
        raise ValueError("its values aren't whole numbers of 8 or 16 bits")
    return Image.fromarray((values.astype(np.uint32) * 255 // 65_535).astype(np.uint8))


def fit_image(image: Image.Image, width: int, height: int) -> Tensor:
    """The middle of an image at the wanted shape and size: (1, 3, 1, height, width) in [−1, 1]."""
    fitted = ImageOps.fit(image.convert("RGB"), (width, height), Image.Resampling.LANCZOS)
    pixels = torch.from_numpy(np.array(fitted)).permute(2, 0, 1).float()
    return (pixels / 127.5 - 1)[None, :, None]


def read_sound(path: Path) -> Sound:
    """A file's first sound track in stereo, at its own rate if MP4 players know it.

    Raises:
        InvalidInput: There is none, or it is damaged, or holds NaN or infinity.
    """
    if not path.is_file():
        raise InvalidInput(f"Can't read the sound in {path}: there is no such file.")
    try:
        with av.open(str(path)) as container:
            if not container.streams.audio:
                raise InvalidInput(f"{path} holds no sound. Give a file with a sound track.")
            stream = container.streams.audio[0]
            rate = stream.rate if stream.rate in _KEPT_RATES else _KEPT_RATES[-1]
            to_stereo = av.AudioResampler(format="fltp", layout="stereo", rate=rate)
            decoded = [part for frame in container.decode(stream) for part in to_stereo.resample(frame)]
            decoded += to_stereo.resample(None)
    except InvalidInput:
        raise
    except (OSError, ValueError, av.FFmpegError) as error:
        raise InvalidInput(
            f"Can't read the sound in {path}: {error}. Give a whole WAV, MP3 or MP4 file."
        ) from error
    if not decoded:
        raise InvalidInput(f"The sound in {path} is empty. Give a file with a sound track.")
    samples = np.concatenate([frame.to_ndarray() for frame in decoded], axis=1)
    if not np.isfinite(samples).all():
        raise InvalidInput(
            f"The sound in {path} must be finite; got NaN or infinity in it. Export it again as 16-bit WAV."
        )
    return Sound(samples, rate)


def read_negative_prompt(path: Path) -> str:
    """What to guide away from: the text in a file.

    Raises:
        InvalidInput: There is none, or it is empty or not in UTF-8.
    """
    try:
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        raise InvalidInput(f"Can't read the negative prompt {path}: {error}. Give a text file.") from error
    if not text:
        raise InvalidInput(f"The negative prompt {path} is empty. Leave it out for our own.")
    return text


def to_pixels(frames: Tensor) -> np.ndarray:
    """Frames (1, 3, F, height, width) of about [−1, 1] to (F, height, width, 3), uint8, rounded down."""
    levels = (frames[0].float() * 0.5 + 0.5).clamp(0, 1) * 255
    return levels.to(torch.uint8).permute(1, 2, 3, 0).contiguous().cpu().numpy()
