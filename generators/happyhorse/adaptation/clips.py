"""Clips with captions in a folder, encoded once for training: `NAME.mp4` beside `NAME.txt`."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from safetensors.torch import load_file, save_file
from torch import Tensor

from generators.base import InvalidInput, file_sha256
from generators.happyhorse.pipeline.inputs import fit_image, read_sound
from generators.happyhorse.pipeline.parts import Parts
from generators.replacing import replacing

VIDEOS = (".mp4", ".mov", ".mkv", ".webm")


class Example(NamedTuple):
    """One encoded clip."""

    video: Tensor
    """Latents (C, T, H, W)."""
    audio: Tensor | None
    """Latents (A, channels); None for a silent clip."""
    text: Tensor
    """Features of the caption (L, channels)."""


@dataclass(frozen=True)
class Captioned:
    """A clip's file and its caption."""

    file: Path
    caption: str


def find_clips(folder: Path) -> list[Captioned]:
    """Return a folder's clips in the order of their names.

    Raises:
        InvalidInput: The folder holds no clip, or a clip has no caption.
    """
    files = sorted(file for file in folder.glob("*") if file.suffix.lower() in VIDEOS)
    if not files:
        raise InvalidInput(f"clips must be a folder of {', '.join(VIDEOS)} files; got none in {folder}.")
    return [Captioned(file, _caption(file)) for file in files]


def _caption(file: Path) -> str:
    beside = file.with_suffix(".txt")
    text = beside.read_text(encoding="utf-8").strip() if beside.is_file() else ""
    if not text:
        raise InvalidInput(f"{file.name} must have a caption; got none in {beside.name}. Write one.")
    return text


def encode_clips(
    clips: list[Captioned],
    parts: Parts,
    cache: Path,
    most_pixels: int,
    progress: Callable[[int], None] = lambda done: None,
) -> list[Example]:
    """Encode clips by a model's codecs, or read them from the cache where they were encoded before.

    A clip is shown at the model's frame rate, from its start. Its size is the largest of its own shape, in
    whole tokens, with at most so many pixels: the bucket that it belongs to.

    Args:
        clips: Clips with captions.
        parts: The model's codecs, text encoder and limits.
        cache: Folder of encoded clips; made if missing.
        most_pixels: Pixels in one frame.
        progress: Called with the number of clips that are encoded.

    Raises:
        InvalidInput: A caption or a clip can't be encoded; the message names its file.
    """
    cache.mkdir(parents=True, exist_ok=True)
    examples = []
    for number, clip in enumerate(clips, start=1):
        try:
            examples.append(_cached(clip, parts, cache, most_pixels))
        except InvalidInput as error:
            raise InvalidInput(f"{clip.file.name}: {error}") from error
        progress(number)
    return examples


def _cached(clip: Captioned, parts: Parts, cache: Path, most_pixels: int) -> Example:
    parts.text.check(clip.caption)
    said = [file_sha256(clip.file), clip.caption, str(most_pixels), repr(parts.config), repr(parts.limits)]
    file = cache / f"{hashlib.sha256(chr(0).join(said).encode()).hexdigest()[:32]}.safetensors"
    if not file.exists():
        encoded = _encode(clip, parts, most_pixels)
        tensors = {name: value for name, value in encoded._asdict().items() if value is not None}
        with replacing(file) as draft:
            save_file(tensors, draft)
    tensors = load_file(file)
    return Example(tensors["video"], tensors.get("audio"), tensors["text"])


@torch.inference_mode()
def _encode(clip: Captioned, parts: Parts, most_pixels: int) -> Example:
    frames = _frames(clip.file, parts, most_pixels)
    video = parts.video_encoder().encode(frames.to(parts.device))[0]
    (text,) = parts.text.encode(clip.caption)
    audio = _audio(clip.file, parts, frames.shape[2])
    return Example(video.float().cpu().contiguous(), audio, text.contiguous())


def _frames(file: Path, parts: Parts, most_pixels: int) -> Tensor:
    """Return frames (1, 3, F, height, width) in [−1, 1]; F is a multiple of the stride, and one."""
    pictures = list(_pictures(file, parts.limits.fps))
    stride = parts.limits.temporal_stride
    longest = (parts.limits.window - 1) * stride + 1
    count = (min(len(pictures), longest) - 1) // stride * stride + 1
    if count <= 1:
        raise InvalidInput(f"a clip must last {stride + 1} frames or more; got {len(pictures)}.")
    width, height = _size(pictures[0].shape, parts, most_pixels)
    fitted = [fit_image(Image.fromarray(picture), width, height) for picture in pictures[:count]]
    return torch.cat(fitted, dim=2)


def _pictures(file: Path, fps: float) -> Iterator[NDArray[np.uint8]]:
    """Yield the picture (height, width, 3) that is shown at each multiple of 1 / fps seconds."""
    try:
        with av.open(str(file)) as container:
            due = 0
            shown: NDArray[np.uint8] | None = None
            for frame in container.decode(video=0):
                while shown is not None and due / fps < float(frame.time or 0.0) - 1e-6:
                    yield shown
                    due += 1
                shown = np.asarray(frame.to_ndarray(format="rgb24"), dtype=np.uint8)
            if shown is not None:
                yield shown
    except (av.FFmpegError, OSError, ValueError, IndexError) as error:
        raise InvalidInput(f"a clip must be a video; got {error}. Export it again.") from error


def _size(shape: tuple[int, ...], parts: Parts, most_pixels: int) -> tuple[int, int]:
    """Return the width and height of a picture's bucket."""
    if parts.limits.only_size is not None:
        return parts.limits.only_size
    height, width = shape[:2]
    shrink = min(1.0, (most_pixels / (width * height)) ** 0.5)
    multiple = parts.limits.side_multiple
    sides = (max(int(side * shrink) // multiple, 1) * multiple for side in (width, height))
    wide, tall = sides
    return wide, tall


def _audio(file: Path, parts: Parts, frames: int) -> Tensor | None:
    """Return latents (A, channels), one for each frame; silence follows a shorter sound track."""
    with av.open(str(file)) as container:
        if not container.streams.audio:
            return None
    sound = read_sound(file)
    wanted = -(-(frames + 1) * sound.rate // parts.limits.fps)
    samples = torch.from_numpy(sound.samples[:, :wanted])
    samples = torch.nn.functional.pad(samples, (0, wanted - samples.shape[1]))
    latents = parts.audio().encode(samples[None].to(parts.device), sound.rate)
    return latents[0, :frames].float().cpu().contiguous()
