"""A training run that can be broken off anywhere: its state, its steps, and its file.

All that a step draws follows from the run's seed and the step's number, so no generator has a state to keep:
a resumed run equals an uninterrupted one to the bit, on one device.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import Generator, Tensor

from generators.happyhorse.toy.model import ToyModel
from generators.happyhorse.training.cache import EncodedBatch
from generators.happyhorse.training.ema import Average
from generators.happyhorse.training.flow import Errors, draw_task, errors
from generators.happyhorse.training.optimisers import Optimisers, Rates
from generators.happyhorse.training.processes import ALONE, Processes
from generators.replacing import replacing


class Clips(Protocol):
    """Where batches come from, such as a `LatentCache`."""

    def __len__(self) -> int: ...

    def batch(self, chosen: np.ndarray) -> EncodedBatch: ...


@dataclass(frozen=True)
class Settings:
    """What decides the weights that a run ends with, beside the clips."""

    samples: int = 300_000
    """Over the whole run: the learning rate falls to nothing at its end."""
    batch: int = 48
    """Over all processes, a multiple of their number."""
    seed: int = 0
    rates: Rates = Rates()  # noqa: RUF009  (frozen)
    decay: float = 0.999
    """Of the running mean."""


class Run:
    """The state of one run."""

    def __init__(self, model: ToyModel, settings: Settings, processes: Processes = ALONE) -> None:
        if settings.batch % processes.count:
            raise ValueError(
                f"A batch of {settings.batch} can't be shared evenly by {processes.count} processes."
            )
        self.settings, self.processes = settings, processes
        self.model = processes.shard(model.train())
        self.optimisers = Optimisers(self.model, settings.rates, processes)
        self.average = Average(self.optimisers.full(), settings.decay)
        self.steps = 0

    @property
    def samples(self) -> int:
        """How many were seen."""
        return self.steps * self.settings.batch

    @property
    def done(self) -> float:
        """Share of the run that is behind."""
        return self.samples / self.settings.samples

    def step(self, clips: Clips) -> tuple[Errors, float]:
        """Takes one step and returns this process's errors, and the gradient's norm."""
        clean = choose(clips, self.settings, self.steps, self.processes.device)
        generator = drawing(self.settings.seed, self.steps, self.processes.device)
        task = draw_task(clean, self.model.variances, generator).part(
            self.processes.rank, self.processes.count
        )
        with precision(self.processes.device):
            found = errors(self.model, task)
        torch.autograd.backward(found.loss())
        norm = self.optimisers.step(self.done)
        self.average.update(self.optimisers.full())
        self.steps += 1
        return Errors(*(None if error is None else error.detach() for error in found)), norm

    def mean_model(self) -> ToyModel:
        """A model with the running mean of the weights."""
        return self.average.model(self.model)

    def save(self, path: Path) -> None:
        """Replaces the file as a whole, so that one that is read is never half written."""
        if not self.processes.first:
            return
        with replacing(path) as draft:
            torch.save(self._state(), draft)

    def load(self, path: Path) -> None:
        """Goes on from a file, which must be of a run with the same settings, or of a shorter one.

        Of a longer run, the rest takes up the schedule where it then stands: the learning rate rises again.

        Raises:
            ValueError: It is of another run.
        """
        state = torch.load(path, map_location=self.processes.device, weights_only=True)
        theirs, ours = state["settings"], asdict(self.settings)
        if theirs | {"samples": 0} != ours | {"samples": 0} or theirs["samples"] > ours["samples"]:
            raise ValueError(
                f"{path} is of a run with {theirs}, not {ours}. "
                "Go on with its settings, at most with more samples, or use another folder."
            )
        self.optimisers.load_state_dict(state["optimisers"])
        copy_into(self.optimisers.full(), state["weights"])
        self.optimisers.publish()
        copy_into(self.average.weights, state["average"])
        self.steps = self.average.steps = int(state["steps"])

    def _state(self) -> dict[str, Any]:
        return {
            "settings": asdict(self.settings),
            "steps": self.steps,
            "weights": self.optimisers.full(),
            "average": self.average.weights,
            "optimisers": self.optimisers.state_dict(),
        }


def choose(clips: Clips, settings: Settings, step: int, device: torch.device) -> EncodedBatch:
    """The whole batch of a step."""
    rng = np.random.default_rng([settings.seed, step])
    batch = clips.batch(rng.integers(len(clips), size=settings.batch))
    return EncodedBatch(*(tensor.to(device) for tensor in batch))


def drawing(seed: int, step: int, device: torch.device) -> Generator:
    """What a step draws with."""
    mixed = int(np.random.SeedSequence([seed, step]).generate_state(1, np.uint64)[0])
    return Generator(device).manual_seed(mixed >> 1)


def precision(device: torch.device) -> AbstractContextManager[object]:
    """Products in bfloat16 on a GPU; a CPU without AMX is slower with it."""
    return torch.autocast("cuda", torch.bfloat16) if device.type == "cuda" else nullcontext()


@torch.no_grad()
def copy_into(target: list[Tensor], source: list[Tensor]) -> None:
    """Gives tensors the values of others."""
    for there, here in zip(target, source, strict=True):
        there.copy_(here)
