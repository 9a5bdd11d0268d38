"""Training of a learned codec, which can be stopped at any step."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Generator, Tensor, nn
from torch.optim import Adam

from generators.happyhorse.training.codec_lessons import BATCH, Lesson
from generators.replacing import replacing

_CALIBRATION = 2000
"""Clips on which the finished codec's numbers are measured."""


class CodecRun:
    """Codec, optimiser and number of steps, kept in one file.

    All that a step draws follows from its number: a resumed run equals an uninterrupted one to the bit.
    """

    def __init__(self, folder: Path, steps: int, lesson: Lesson) -> None:
        """Go on from the file in the folder if it is there, else start anew.

        Args:
            folder: Where the state and the codec are written; it exists.
            steps: Length of the run; the learning rate falls to 0 at its end.
            lesson: The codec with its data; it is trained in place.
        """
        self.length, self.steps = steps, 0
        self.lesson, self._file = lesson, folder / lesson.file
        self._optimiser = Adam(lesson.codec.parameters(), betas=(0.9, 0.99))
        if self._state.exists():
            self._load()

    def advance(self) -> float:
        """Take one step on 24 fresh clips, and return the mean squared error."""
        first = self.steps * BATCH
        for batch in self.lesson.data("train", range(first, first + BATCH)):
            error = self._learn(batch)
        self.steps += 1
        return error

    def save(self) -> None:
        """Write the state, and measure and write the codec."""
        state = {"codec": self.lesson.codec.state_dict(), "optimiser": self._optimiser.state_dict()}
        with replacing(self._state) as draft:
            torch.save(state | {"steps": self.steps}, draft)
        self.lesson.codec.calibrate(self.lesson.data("train", range(_CALIBRATION)))
        with replacing(self._file) as draft:
            self.lesson.codec.save(draft)

    def _learn(self, batch: Tensor) -> float:
        rates = self.lesson.rates
        loss, error = self.lesson.error(batch, Generator().manual_seed(self.steps))
        self._optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(self.lesson.codec.parameters(), rates.clip)
        for group in self._optimiser.param_groups:
            group["lr"] = rates.adam * rates.at(self.steps / self.length)
        self._optimiser.step()
        return float(error.detach())

    @property
    def _state(self) -> Path:
        return self._file.with_suffix(".pt")

    def _load(self) -> None:
        state = torch.load(self._state, weights_only=True)
        self.lesson.codec.load_state_dict(state["codec"])
        self._optimiser.load_state_dict(state["optimiser"])
        self.steps = int(state["steps"])
