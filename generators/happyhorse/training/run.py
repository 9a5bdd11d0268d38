"""A training run that can be stopped at any step: its settings, its state, and its steps.

Everything that a step draws follows from the run's seed and the step's number, so no generator has a state to
keep: on one device, a resumed run equals an uninterrupted one to the bit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol
from zipfile import is_zipfile

import numpy as np
import torch
from torch import Generator, Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel

from generators.base import LARGEST_SEED
from generators.happyhorse.network.kinds import CheckpointKind
from generators.happyhorse.toy.model import ToyModel
from generators.happyhorse.training.arguments import require_share, require_whole
from generators.happyhorse.training.cache import EncodedBatch
from generators.happyhorse.training.ema import Average
from generators.happyhorse.training.optimisers import Learner, Rates
from generators.happyhorse.training.processes import Processes
from generators.replacing import replacing


class Clips(Protocol):
    """Source of batches, such as a `LatentCache`."""

    def __len__(self) -> int: ...

    def batch(self, chosen: np.ndarray) -> EncodedBatch:
        """Return the clips at these places, (B,)."""


@dataclass(frozen=True)
class Settings:
    """Numbers that decide, together with the clips, which weights a run ends with."""

    samples: int = 300_000
    """Samples in the whole run; the learning rate falls to 0 at its end."""
    batch: int = 48
    """Samples in a step over all processes, a multiple of their number."""
    seed: int = 0
    rates: Rates = Rates()  # noqa: RUF009  (frozen)
    decay: float = 0.999
    """Decay of the running mean of the weights."""
    bfloat16: bool = False
    """Whether a CPU's products are in bfloat16, too, which is faster only with AVX-512 BF16 or AMX."""

    def __post_init__(self) -> None:
        require_whole("samples", self.samples)
        require_whole("batch", self.batch)
        require_whole("seed", self.seed, 0, LARGEST_SEED)
        require_share("decay", self.decay)


class Measured(NamedTuple):
    """Loss of one update, and values for the log."""

    loss: Tensor
    noted: Mapping[str, Tensor]


class Update(NamedTuple):
    """One update within a step: a loss, and the learners that it moves."""

    moves: tuple[str, ...]
    """Names of the learners that move; gradients of the others are discarded."""
    measure: Callable[[EncodedBatch, Generator], Measured]
    norm: str
    """Name of the gradient's norm in the log."""


class Step(Protocol):
    """One kind of training: its networks, and the losses that move them at each step."""

    @property
    def processes(self) -> Processes:
        """Processes that share the work."""

    @property
    def model(self) -> ToyModel:
        """Network whose mean weights are the result."""

    @property
    def kind(self) -> CheckpointKind:
        """Kind of checkpoint that the result is."""

    @property
    def state(self) -> str:
        """File name of the state."""

    @property
    def stream(self) -> int:
        """Number added to the seed of a step's draws, so that kinds of training draw differently."""

    @property
    def identity(self) -> dict[str, object]:
        """Facts that a saved state must share with the run, beside the settings."""

    @property
    def head(self) -> dict[str, object]:
        """First fields of each line in the log."""

    def notes(self, steps: int, settings: Settings) -> dict[str, object]:
        """Return what the file of weights says of the run."""

    def learners(self, rates: Rates) -> dict[str, Learner]:
        """Return the optimisers of all networks that learn, by name; the first is that of `model`."""

    def updates(self, number: int) -> Sequence[Update]:
        """Return the updates of step `number`, in order."""


class Run:
    """State of one run."""

    def __init__(self, step: Step, settings: Settings) -> None:
        """Start a run.

        Args:
            step: The kind of training, with its networks.
            settings: Its length, batch, seed and rates.

        Raises:
            ValueError: The batch can't be shared evenly by the processes.
        """
        self.step, self.settings, self.processes = step, settings, step.processes
        if settings.batch % self.processes.count:
            raise ValueError(
                f"batch must be a multiple of the {self.processes.count} processes; got {settings.batch}."
            )
        self.learners = step.learners(settings.rates)
        self._main = next(iter(self.learners))
        self.average = Average(self.weights(), settings.decay)
        self.steps = 0

    @property
    def samples(self) -> int:
        """Number of samples seen."""
        return self.steps * self.settings.batch

    @property
    def done(self) -> float:
        """Share of the run that is behind."""
        return self.samples / self.settings.samples

    def advance(self, clips: Clips) -> dict[str, float]:
        """Take one step, and return this process's losses and gradient norms by name."""
        device = self.processes.device
        clean = choose(clips, self.settings, self.steps, device)
        generator = drawing(self.settings.seed + self.step.stream, self.steps, device)
        noted: dict[str, float] = {}
        for update in self.step.updates(self.steps):
            noted |= self._apply(update, clean, generator)
        self.steps += 1
        return noted

    def weights(self) -> list[Tensor]:
        """Return the unsharded weights of the model, of any shape."""
        return self.learners[self._main].full()

    def mean_model(self) -> ToyModel:
        """Return a copy of the model with the running mean of its weights."""
        return self.average.model(self.step.model)

    def files(self, folder: Path) -> dict[str, Path]:
        """Return the files of the state by learner: one file if there is one learner, else one for each.

        A single file of several networks would be larger than some machines hand back.
        """
        path = folder / self.step.state
        if len(self.learners) == 1:
            return {self._main: path}
        return {name: path.with_name(f"{path.stem}-{name}{path.suffix}") for name in self.learners}

    def save(self, folder: Path) -> None:
        """Write the state's files beside the old ones, then replace these; only the first process does."""
        if not self.processes.first:
            return
        with ExitStack() as written:
            for name, file in self.files(folder).items():
                torch.save(self._state(name), written.enter_context(replacing(file)))

    def load(self, folder: Path) -> None:
        """Go on from saved files, which must be of a run with the same settings, or of a shorter one.

        After a shorter run the schedule is taken up where the longer run then stands: the learning rate rises
        again.

        Raises:
            ValueError: The files are of another run or version, not of one moment, or damaged.
        """
        files = self.files(folder)
        states = {name: _read_state(file, self.processes.device) for name, file in files.items()}
        for name, file in files.items():
            self._require_same(file, states[name])
        if len({state["steps"] for state in states.values()}) > 1:
            raise ValueError(
                f"The states {_names(files)} in {folder} must be of the same step. "
                "Delete them to begin again, or use another folder."
            )
        for name, learner in self.learners.items():
            learner.load_state_dict(states[name]["optimisers"])
            copy_into(learner.full(), states[name]["weights"])
            learner.publish()
        main = states[self._main]
        copy_into(self.average.weights, main["average"])
        self.steps = int(main["steps"])
        # Earlier versions didn't write `averaged` for flow training, which averages at every step.
        self.average.steps = int(main.get("averaged", self.steps))

    def _apply(self, update: Update, clean: EncodedBatch, generator: Generator) -> dict[str, float]:
        with arithmetic(generator.device, self.settings.bfloat16):
            measured = update.measure(clean, generator)
        torch.autograd.backward(measured.loss)
        norms = [self.learners[name].step(self.done) for name in update.moves]
        for name in self.learners.keys() - set(update.moves):
            self.learners[name].clear()
        if self._main in update.moves:
            self.average.update(self.weights())
        noted = {name: float(value) for name, value in measured.noted.items()}
        return noted | {update.norm: norms[0]}

    def _state(self, name: str) -> dict[str, Any]:
        learner = self.learners[name]
        state = {
            "settings": self._identity(),
            "steps": self.steps,
            "weights": learner.full(),
            "optimisers": learner.state_dict(),
        }
        if name == self._main:
            state |= {"average": self.average.weights, "averaged": self.average.steps}
        return state

    def _identity(self) -> dict[str, object]:
        return asdict(self.settings) | self.step.identity

    def _require_same(self, file: Path, state: Mapping[str, Any]) -> None:
        if "settings" not in state:
            raise ValueError(
                f"{file} must be a state of this version; got one of an earlier version. Finish the run "
                "with the version that began it, or delete the file to begin again."
            )
        theirs, ours = state["settings"], self._identity()
        if theirs | {"samples": 0} != ours | {"samples": 0} or theirs["samples"] > ours["samples"]:
            raise ValueError(
                f"{file} must be of a run with {ours}; got {theirs}. "
                "Go on with its settings, at most with more samples, or use another folder."
            )


def choose(clips: Clips, settings: Settings, step: int, device: torch.device) -> EncodedBatch:
    """Return the whole batch of a step, on the device."""
    rng = np.random.default_rng([settings.seed, step])
    batch = clips.batch(rng.integers(len(clips), size=settings.batch))
    return EncodedBatch(*(tensor.to(device) for tensor in batch))


def drawing(seed: int, step: int, device: torch.device) -> Generator:
    """Return the generator of a step's draws."""
    mixed = int(np.random.SeedSequence([seed, step]).generate_state(1, np.uint64)[0])
    return Generator(device).manual_seed(mixed >> 1)


@contextmanager
def arithmetic(device: torch.device, bfloat16: bool) -> Iterator[None]:
    """Compute as is fastest for short sequences, with products in bfloat16 on a GPU or if asked for."""
    with ExitStack() as entered:
        if device.type == "cpu":
            # The fused kernel takes twice as long as plain products for fewer than a hundred tokens.
            entered.enter_context(sdpa_kernel(SDPBackend.MATH))
        if device.type == "cuda" or bfloat16:
            entered.enter_context(torch.autocast(device.type, torch.bfloat16))
        yield


@torch.no_grad()
def copy_into(target: Sequence[Tensor], source: Sequence[Tensor]) -> None:
    """Copy the values of tensors, of any shape, into others of the same shapes."""
    for there, here in zip(target, source, strict=True):
        there.copy_(here)


def _read_state(file: Path, device: torch.device) -> dict[str, Any]:
    if not file.is_file():
        raise ValueError(f"The state {file} is missing. Delete the other files of this state to begin again.")
    if not is_zipfile(file):  # torch fails on these in many ways
        raise ValueError(f"The state {file} is damaged. Delete it to begin again.")
    state: dict[str, Any] = torch.load(file, map_location=device, weights_only=True)
    return state


def _names(files: Mapping[str, Path]) -> str:
    return ", ".join(file.name for file in files.values())
