"""What the learned codecs are trained on, and how their errors are measured."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Protocol

import numpy as np
import torch
from torch import Generator, Tensor

from generators.happyhorse.codecs import object_audio, object_video
from generators.happyhorse.codecs.learned import LearnedCodec
from generators.happyhorse.codecs.object_audio import ObjectAudioCodec, ringing_error
from generators.happyhorse.codecs.object_video import STRIDE, ObjectVideoCodec, drawing_error
from generators.happyhorse.codecs.spectral_audio import spectra
from generators.happyhorse.training.data import as_pixels, to_tensors
from generators.happyhorse.training.optimisers import Rates
from generators.toyworld.world.examples import FRAMES, SAMPLE_RATE, Example, Split, example

BATCH = 24
"""Pieces or sounds in a step."""
_SEED = 3
_HELD_OUT = 32
_HELD_OUT_SEED = 1
_RANGE = 2.0
"""Difference between the brightest and the darkest pixel value."""


class Lesson(Protocol):
    """A codec that learns, its data and its error."""

    @property
    def codec(self) -> LearnedCodec:
        """The codec, which starts with random weights."""
        ...

    @property
    def file(self) -> str:
        """Name of the codec's file."""
        ...

    @property
    def rates(self) -> Rates:
        """Learning rates."""
        ...

    def data(self, split: Split, places: range) -> Iterator[Tensor]:
        """Yield what these clips teach, in batches (24, …)."""
        ...

    def error(self, batch: Tensor, generator: Generator) -> tuple[Tensor, Tensor]:
        """Return the loss of a step, and the mean squared error in it, both scalar."""
        ...

    def report(self) -> str:
        """Say how well held-out clips survive encoding and decoding."""
        ...


class VideoLesson:
    """Four successive frames of each clip, (24, 3, 4, 64, 64) in [−1, 1]."""

    file = object_video.TOY_WORLD.name
    rates = Rates(adam=2e-3)

    def __init__(self) -> None:
        torch.manual_seed(_SEED)
        self.codec = ObjectVideoCodec()

    def data(self, split: Split, places: range) -> Iterator[Tensor]:
        """Yield pieces (24, 3, 4, 64, 64) that start where the clip's number says."""
        for batch in _batches(places):
            drawn = [_piece(split, place) for place in batch]
            yield as_pixels(torch.from_numpy(np.stack(drawn)))

    def error(self, batch: Tensor, generator: Generator) -> tuple[Tensor, Tensor]:
        """Return the loss and the squared error of pixels, both scalar."""
        return drawing_error(self.codec, batch, generator)

    def report(self) -> str:
        """Tell the peak signal-to-noise ratio of clips."""
        frames, _ = to_tensors(_held_out())
        return f"{psnr(self.codec, frames):.1f} dB"


class AudioLesson:
    """Log spectra of whole sounds, (24, 33, 1024)."""

    file = object_audio.TOY_WORLD.name
    rates = Rates(adam=3e-3)

    def __init__(self) -> None:
        torch.manual_seed(_SEED)
        self.codec = ObjectAudioCodec()

    def data(self, split: Split, places: range) -> Iterator[Tensor]:
        """Yield the spectra (24, 33, 1024) of clips' sounds."""
        for batch in _batches(places):
            sounds = [example(split, _SEED, place).samples for place in batch]
            yield spectra(torch.from_numpy(np.stack(sounds)))

    def error(self, batch: Tensor, generator: Generator) -> tuple[Tensor, Tensor]:
        """Return the loss and the squared error of log spectra, both scalar."""
        return ringing_error(self.codec, batch, generator)

    def report(self) -> str:
        """Tell the mean squared error of log spectra."""
        _, samples = to_tensors(_held_out())
        decoded = self.codec.decode(self.codec.encode(samples, SAMPLE_RATE))
        error = (spectra(decoded.mean(1)) - spectra(samples.mean(1))).square().mean()
        return f"{float(error):.5f}, squared error of log spectra"


def psnr(codec: ObjectVideoCodec, frames: Tensor) -> float:
    """Return the peak signal-to-noise ratio of encoded and decoded frames (B, 3, 1 + 4n, 64, 64), in dB."""
    error = (codec.decode(codec.encode(frames)) - frames).square().mean()
    return 10 * math.log10(_RANGE**2 / float(error))


def _held_out() -> list[Example]:
    return [example("held-out", _HELD_OUT_SEED, place) for place in range(_HELD_OUT)]


def _batches(places: range) -> Iterator[range]:
    for first in range(places.start, places.stop, BATCH):
        yield range(first, min(first + BATCH, places.stop))


def _piece(split: Split, place: int) -> np.ndarray:
    clip = example(split, _SEED, place)
    first = 1 + STRIDE * (place % ((FRAMES - 1) // STRIDE))
    return clip.frames_at(range(first, first + STRIDE))
