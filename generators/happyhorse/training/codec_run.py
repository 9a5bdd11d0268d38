"""Training of the learned video codec, which can be stopped at any step."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import Adam

from generators.happyhorse.codecs.object_video import STRIDE, TOY_WORLD, ObjectVideoCodec, drawing_error
from generators.happyhorse.training.data import as_pixels
from generators.happyhorse.training.optimisers import Rates
from generators.replacing import replacing
from generators.toyworld.world.examples import FRAMES, Split, example

_STATE = "codec.pt"
_RATES = Rates(adam=2e-3)
_SEED = 3
_BATCH = 24
"""Pieces in a step."""
_CALIBRATION = 2000
"""Pieces on which the finished codec's numbers are measured."""
_RANGE = 2.0
"""Difference between the brightest and the darkest pixel value."""


class CodecRun:
    """Codec, optimiser and number of steps, kept in one file.

    All that a step draws follows from its number: a resumed run equals an uninterrupted one to the bit.
    """

    def __init__(self, folder: Path, steps: int) -> None:
        """Go on from the file in the folder if it is there, else start anew.

        Args:
            folder: Where the state and the codec are written; it exists.
            steps: Length of the run; the learning rate falls to 0 at its end.
        """
        self._folder, self.length, self.steps = folder, steps, 0
        torch.manual_seed(_SEED)
        self.codec = ObjectVideoCodec()
        self._optimiser = Adam(self.codec.parameters(), betas=(0.9, 0.99))
        if self._state.exists():
            self._load()

    def advance(self, frames: Tensor) -> float:
        """Take one step on frames (B, 3, 4, 64, 64) in [−1, 1], and return the mean squared error."""
        generator = torch.Generator().manual_seed(self.steps)
        loss, error = drawing_error(self.codec, frames, generator)
        self._optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(self.codec.parameters(), _RATES.clip)
        for group in self._optimiser.param_groups:
            group["lr"] = _RATES.adam * _RATES.at(self.steps / self.length)
        self._optimiser.step()
        self.steps += 1
        return float(error.detach())

    def save(self) -> None:
        """Write the state, and measure and write the codec."""
        state = {"codec": self.codec.state_dict(), "optimiser": self._optimiser.state_dict()}
        with replacing(self._state) as draft:
            torch.save(state | {"steps": self.steps}, draft)
        self.codec.calibrate(pieces("train", range(_CALIBRATION)))
        with replacing(self._folder / TOY_WORLD.name) as draft:
            self.codec.save(draft)

    @property
    def _state(self) -> Path:
        return self._folder / _STATE

    def _load(self) -> None:
        state = torch.load(self._state, weights_only=True)
        self.codec.load_state_dict(state["codec"])
        self._optimiser.load_state_dict(state["optimiser"])
        self.steps = int(state["steps"])


def psnr(codec: ObjectVideoCodec, frames: Tensor) -> float:
    """Return the peak signal-to-noise ratio of encoded and decoded frames (B, 3, 1 + 4n, 64, 64), in dB."""
    error = (codec.decode(codec.encode(frames)) - frames).square().mean()
    return 10 * math.log10(_RANGE**2 / float(error))


def training_pieces(step: int) -> Tensor:
    """Draw the pieces of a step, (24, 3, 4, 64, 64) in [−1, 1]."""
    (frames,) = pieces("train", range(step * _BATCH, (step + 1) * _BATCH))
    return frames


def pieces(split: Split, places: range) -> Iterable[Tensor]:
    """Yield four successive frames of each clip in batches of 24, (24, 3, 4, 64, 64) in [−1, 1]."""
    for first in range(places.start, places.stop, _BATCH):
        batch = range(first, min(first + _BATCH, places.stop))
        drawn = [_piece(split, place) for place in batch]
        yield as_pixels(torch.from_numpy(np.stack(drawn)))


def _piece(split: Split, place: int) -> np.ndarray:
    clip = example(split, _SEED, place)
    first = 1 + STRIDE * (place % ((FRAMES - 1) // STRIDE))
    return clip.frames_at(range(first, first + STRIDE))
