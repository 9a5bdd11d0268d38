"""Training of the convolutional codec, which can be stopped at any step."""

from __future__ import annotations

import math
from pathlib import Path

import torch
from torch import Tensor
from torch.optim import AdamW

from generators.happyhorse.codecs.conv_video import ConvVideoCodec, training_step
from generators.replacing import replacing

_WEIGHTS = "codec.pt"
_RATE = 1e-3
_RANGE = 2.0
"""Difference between the brightest and the darkest pixel value."""


class CodecRun:
    """Codec, optimiser and number of steps, kept in two files, since one would be larger than 15 MiB."""

    def __init__(self, folder: Path, device: str) -> None:
        """Go on from the files in the folder if they are there, else start anew."""
        self._weights, self._moments = folder / _WEIGHTS, folder / "codec-moments.pt"
        self.codec = ConvVideoCodec().to(device)
        self._optimiser = AdamW(self.codec.parameters(), lr=_RATE)
        self._generator = torch.Generator(device)
        self.steps = 0
        if self._weights.exists():
            self._load(device)

    def advance(self, frames: Tensor) -> None:
        """Take one step on frames (B, 3, 1 + 4n, H, W) in [−1, 1]."""
        training_step(self.codec, self._optimiser, frames, self._generator.manual_seed(self.steps))
        self.steps += 1

    def save(self) -> None:
        """Write both files."""
        with replacing(self._moments) as draft:
            torch.save(self._optimiser.state_dict(), draft)
        with replacing(self._weights) as draft:
            torch.save({"codec": self.codec.state_dict(), "done": self.steps}, draft)

    def finish(self) -> None:
        """Delete the optimiser's file, which only further steps need."""
        self._moments.unlink(missing_ok=True)

    def psnr(self, frames: Tensor) -> float:
        """Return the peak signal-to-noise ratio of encoded and decoded frames (batch, 3, …), in dB."""
        error = (self.codec.decode(self.codec.encode(frames)) - frames).square().mean()
        return 10 * math.log10(_RANGE**2 / float(error))

    def _load(self, device: str) -> None:
        state = torch.load(self._weights, map_location=device, weights_only=True)
        self.codec.load_state_dict(state["codec"])
        self.steps = int(state["done"])
        self._optimiser.load_state_dict(torch.load(self._moments, map_location=device, weights_only=True))


def trained_codec(folder: Path, device: str) -> ConvVideoCodec:
    """Return the codec whose weights a run left in the folder."""
    codec = ConvVideoCodec().to(device).eval()
    state = torch.load(folder / _WEIGHTS, map_location=device, weights_only=True)
    codec.load_state_dict(state["codec"])
    return codec
