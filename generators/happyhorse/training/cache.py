"""Latents of many clips on disk, encoded once: a CPU then trains without drawing or encoding anything."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from generators.happyhorse.codecs.protocol import AudioCodec, VideoCodec
from generators.happyhorse.toy.words import tokenise
from generators.happyhorse.training.data import to_tensors
from generators.replacing import replacing
from generators.toyworld.world.examples import SAMPLE_RATE, VERSION, Split, example

_CHUNK = 64
_KINDS = {"video": np.float16, "audio": np.float16, "words": np.uint8}
"""Of number, by file."""
_NOTE = "cache.json"


class EncodedBatch(NamedTuple):
    """A batch, ready for the transformer."""

    video: Tensor
    """(batch, channels, time, height, width)"""
    audio: Tensor
    """(batch, time, channels)"""
    words: Tensor
    """(batch, length): numbers from `tokenise`."""


@dataclass(frozen=True)
class Recipe:
    """What a cache holds: clips 0 … count − 1 of a stream, through codecs known by name."""

    split: Split
    seed: int
    count: int
    objects: int
    codecs: str
    """Changes whenever the codecs do, such as their files' digest."""
    version: int = VERSION

    def __post_init__(self) -> None:
        if self.count < 1:
            raise ValueError(f"A cache holds one clip or more; {self.count} were asked for.")


class LatentCache:
    """Files of half-precision latents, mapped into memory: workers share them, and read what they need."""

    def __init__(self, folder: Path) -> None:
        self._arrays = [np.load(folder / f"{name}.npy", mmap_mode="r") for name in _KINDS]

    def __len__(self) -> int:
        return len(self._arrays[0])

    def batch(self, chosen: NDArray[np.integer[Any]]) -> EncodedBatch:
        """The clips at these places in the stream, in fp32."""
        video, audio, words = (
            torch.from_numpy(np.ascontiguousarray(array[chosen])) for array in self._arrays
        )
        return EncodedBatch(video.float(), audio.float(), words.long())


def fill_cache(
    folder: Path,
    recipe: Recipe,
    video: VideoCodec,
    audio: AudioCodec,
    progress: Callable[[int], None] = lambda done: None,
) -> LatentCache:
    """Encodes what isn't there yet; broken off, it goes on where it was.

    Args:
        folder: Where the files are, or shall be.
        recipe: What they hold.
        video: Encodes frames.
        audio: Encodes sound.
        progress: Told after each chunk how many clips there are.

    Raises:
        ValueError: The folder holds a cache of another recipe.
    """
    folder.mkdir(parents=True, exist_ok=True)
    done = _read_done(folder, recipe)
    for first in range(done, recipe.count, _CHUNK):
        places = range(first, min(first + _CHUNK, recipe.count))
        for name, encoded in encode_clips(places, recipe, video, audio)._asdict().items():
            values = encoded.numpy().astype(_KINDS[name])
            path = folder / f"{name}.npy"
            if first == 0:
                np.lib.format.open_memmap(path, "w+", values.dtype, (recipe.count, *values.shape[1:])).flush()
            array = np.lib.format.open_memmap(path, "r+")
            array[places.start : places.stop] = values
            array.flush()
        _write_done(folder, recipe, places.stop)
        progress(places.stop)
    return LatentCache(folder)


def encode_clips(
    places: range, recipe: Recipe, video: VideoCodec, audio: AudioCodec, device: str = "cpu"
) -> EncodedBatch:
    """Draws and encodes clips of the recipe's stream."""
    clips = [example(recipe.split, recipe.seed, place, recipe.objects) for place in places]
    frames, samples = to_tensors(clips, device)
    words = torch.tensor([tokenise(clip.caption) for clip in clips], device=device)
    return EncodedBatch(video.encode(frames), audio.encode(samples, SAMPLE_RATE), words)


def _read_done(folder: Path, recipe: Recipe) -> int:
    path = folder / _NOTE
    if not path.exists():
        return 0
    note = json.loads(path.read_text())
    if note["recipe"] != asdict(recipe):
        raise ValueError(
            f"{folder} holds clips of {note['recipe']}, not of {asdict(recipe)}. Use another folder."
        )
    return int(note["done"])


def _write_done(folder: Path, recipe: Recipe, done: int) -> None:
    """Replaces the note as a whole, so that one that is read is never half written."""
    with replacing(folder / _NOTE) as draft:
        draft.write_text(json.dumps({"recipe": asdict(recipe), "done": done}))
