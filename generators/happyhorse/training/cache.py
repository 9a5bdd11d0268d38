"""Latents of many clips, encoded once: training then neither draws nor encodes anything."""

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

from generators.base import LARGEST_SEED, InvalidInput
from generators.happyhorse.codecs.protocol import AudioCodec, VideoCodec
from generators.happyhorse.toy.codecs import Codecs
from generators.happyhorse.toy.words import tokenise
from generators.happyhorse.training.arguments import require_whole
from generators.happyhorse.training.data import to_tensors
from generators.replacing import replacing
from generators.toyworld.world.examples import SAMPLE_RATE, VERSION, Split, example

_CHUNK = 64
_ON_DEVICE = 256
"""Clips drawn at once on a device."""
_KINDS = {"video": np.float16, "audio": np.float16, "words": np.uint8}
"""Type of the numbers in each file."""
_NOTE = "cache.json"


class EncodedBatch(NamedTuple):
    """A batch of encoded clips, ready for the transformer."""

    video: Tensor
    """Latents (B, C, T, H, W)."""
    audio: Tensor
    """Latents (B, A, channels)."""
    words: Tensor
    """Numbers of the caption's words (B, L), from `tokenise`."""


@dataclass(frozen=True)
class Recipe:
    """Contents of a cache: clips 0 … count − 1 of a stream, and the codecs that encode them."""

    split: Split
    seed: int
    count: int
    objects: int
    codecs: str
    """Name that changes whenever the codecs do, such as their files' digest."""
    version: int = VERSION
    """Version of the toy world."""

    def __post_init__(self) -> None:
        require_whole("clips", self.count)
        require_whole("seed", self.seed, 0, LARGEST_SEED)


class LatentCache:
    """Files of half-precision latents, mapped into memory; processes share the pages that they read."""

    def __init__(self, folder: Path) -> None:
        """Open a cache.

        Raises:
            InvalidInput: The folder holds no cache, or one that is not filled yet.
        """
        note = _read_note(folder)
        if note is None or note["done"] < note["recipe"]["count"]:
            raise InvalidInput(
                f"cache must be a folder of encoded clips; {folder} "
                f"{'has none' if note is None else 'is not filled yet'}. Fill it by `train --cache {folder}`."
            )
        self._arrays = [np.load(folder / f"{name}.npy", mmap_mode="r") for name in _KINDS]

    def __len__(self) -> int:
        return len(self._arrays[0])

    def batch(self, chosen: NDArray[np.integer[Any]]) -> EncodedBatch:
        """Return the clips at these places (B,) in the stream, in fp32."""
        video, audio, words = (
            torch.from_numpy(np.ascontiguousarray(array[chosen])) for array in self._arrays
        )
        return EncodedBatch(video.float(), audio.float(), words.long())


class DeviceCache:
    """Clips drawn and encoded on a device, and kept there in half precision."""

    def __init__(self, codecs: Codecs, count: int, device: str) -> None:
        """Draw and encode the first clips of the training stream of seed 0, with one object each.

        Args:
            codecs: Codecs on the device.
            count: Number of clips.
            device: Where the clips are drawn and kept.
        """
        recipe = Recipe("train", 0, count, 1, codecs.digest)
        batches = [
            encode_clips(
                range(first, min(first + _ON_DEVICE, count)), recipe, codecs.video, codecs.audio, device
            )
            for first in range(0, count, _ON_DEVICE)
        ]
        self._video = torch.cat([batch.video for batch in batches]).half()
        self._audio = torch.cat([batch.audio for batch in batches]).half()
        self._words = torch.cat([batch.words for batch in batches])

    def __len__(self) -> int:
        return len(self._words)

    def batch(self, chosen: NDArray[np.integer[Any]]) -> EncodedBatch:
        """Return the clips at these places (B,) in the stream, in fp32."""
        places = torch.from_numpy(chosen).to(self._words.device)
        return EncodedBatch(self._video[places].float(), self._audio[places].float(), self._words[places])


def fill_cache(
    folder: Path,
    recipe: Recipe,
    video: VideoCodec,
    audio: AudioCodec,
    progress: Callable[[int], None] = lambda done: None,
) -> LatentCache:
    """Encode the clips that are not there yet; after an interruption, go on where it was.

    Args:
        folder: Folder of the files; made if missing.
        recipe: Contents of the cache.
        video: Codec of the frames.
        audio: Codec of the sound.
        progress: Called after each chunk with the number of clips that are there.

    Raises:
        InvalidInput: The folder holds a cache of another recipe.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for first in range(_count_done(folder, recipe), recipe.count, _CHUNK):
        places = range(first, min(first + _CHUNK, recipe.count))
        _write_chunk(folder, recipe.count, places, encode_clips(places, recipe, video, audio))
        with replacing(folder / _NOTE) as draft:
            draft.write_text(json.dumps({"recipe": asdict(recipe), "done": places.stop}))
        progress(places.stop)
    return LatentCache(folder)


def encode_clips(
    places: range, recipe: Recipe, video: VideoCodec, audio: AudioCodec, device: str = "cpu"
) -> EncodedBatch:
    """Draw and encode clips of the recipe's stream.

    Args:
        places: Places in the stream.
        recipe: The stream.
        video: Codec of the frames, on the device.
        audio: Codec of the sound, on the device.
        device: Where the clips are drawn and encoded.
    """
    clips = [example(recipe.split, recipe.seed, place, recipe.objects) for place in places]
    frames, samples = to_tensors(clips, device)
    words = torch.tensor([tokenise(clip.caption) for clip in clips], device=device)
    return EncodedBatch(video.encode(frames), audio.encode(samples, SAMPLE_RATE), words)


def _write_chunk(folder: Path, count: int, places: range, encoded: EncodedBatch) -> None:
    """Write clips into their places of the files; the first chunk makes the files for all `count` clips."""
    for name, tensor in encoded._asdict().items():
        values = tensor.numpy().astype(_KINDS[name])
        path = folder / f"{name}.npy"
        if places.start == 0:
            np.lib.format.open_memmap(path, "w+", values.dtype, (count, *values.shape[1:])).flush()
        array = np.lib.format.open_memmap(path, "r+")
        array[places.start : places.stop] = values
        array.flush()


def _count_done(folder: Path, recipe: Recipe) -> int:
    note = _read_note(folder)
    if note is None:
        return 0
    if note["recipe"] != asdict(recipe):
        raise InvalidInput(
            f"cache must hold clips of {asdict(recipe)}; {folder} holds clips of {note['recipe']}. "
            "Use another folder."
        )
    return int(note["done"])


def _read_note(folder: Path) -> dict[str, Any] | None:
    path = folder / _NOTE
    if not path.is_file():
        return None
    note: dict[str, Any] = json.loads(path.read_text())
    return note
