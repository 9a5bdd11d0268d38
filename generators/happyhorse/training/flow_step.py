"""One step of flow matching, for the common `Run`."""

from __future__ import annotations

from dataclasses import asdict

import torch
from torch import Generator

from generators.happyhorse.network.config import HappyHorseConfig
from generators.happyhorse.sampling.preconditioning import Variances
from generators.happyhorse.toy.model import BASE, TOY, ToyModel
from generators.happyhorse.training.cache import EncodedBatch
from generators.happyhorse.training.flow import MIXTURE, Mixture, draw_task, errors
from generators.happyhorse.training.optimisers import Learner, Optimisers, Rates
from generators.happyhorse.training.processes import ALONE, Processes
from generators.happyhorse.training.run import Measured, Run, Settings, Update


class FlowStep:
    """Flow matching of one model, which several processes may share."""

    kind = BASE
    state = "state.pt"
    stream = 0

    def __init__(self, model: ToyModel, processes: Processes = ALONE, mixture: Mixture = MIXTURE) -> None:
        """Take a model over for training.

        Args:
            model: The network; it is sharded in place if the processes say so.
            processes: Processes that share each batch.
            mixture: Shares of the kinds of batches.
        """
        self.processes, self.mixture = processes, mixture
        self.model = processes.shard(model.train())

    @property
    def identity(self) -> dict[str, object]:
        """Return the mixture unless it is the usual one, which older states don't name."""
        return {} if self.mixture == MIXTURE else {"mixture": asdict(self.mixture)}

    @property
    def head(self) -> dict[str, object]:
        """Return no fields: lines without a head are those of flow training."""
        return {}

    def notes(self, steps: int, settings: Settings) -> dict[str, object]:
        """Return samples, seed and batch."""
        return {"samples": steps * settings.batch, "seed": settings.seed, "batch": settings.batch}

    def learners(self, rates: Rates) -> dict[str, Learner]:
        """Return the model's optimisers."""
        return {"model": Optimisers(self.model, rates, self.processes)}

    def updates(self, number: int) -> list[Update]:
        """Return the single update, alike at every step."""
        return [Update(("model",), self._measure, "norm")]

    def _measure(self, clean: EncodedBatch, generator: Generator) -> Measured:
        # Every process draws the whole batch's task, and works on its own part.
        task = draw_task(clean, self.model.variances, generator, self.mixture)
        found = errors(self.model, task.part(self.processes.rank, self.processes.count))
        noted = {name: error.detach().mean() for name, error in found._asdict().items() if error is not None}
        return Measured(found.loss(), noted)


def begin_flow(
    settings: Settings,
    variances: Variances,
    processes: Processes = ALONE,
    config: HappyHorseConfig = TOY,
    start: ToyModel | None = None,
) -> Run:
    """Return a run at its start, with weights that are the same in every process.

    Args:
        settings: Length, batch, seed and rates.
        variances: Variances of the codecs' latents.
        processes: Processes that share each batch.
        config: Sizes of the network.
        start: Network that is trained further; a fresh one if None.
    """
    torch.manual_seed(settings.seed)
    model = start or ToyModel(config, variances)
    model = model.to(processes.device)
    return Run(FlowStep(model, processes), settings)


def compile_layers(model: ToyModel) -> None:
    """Compile each layer; layers are mostly alike, and compiled again for each of four kinds of batch."""
    torch._dynamo.config.recompile_limit = 4 * model.config.num_layers
    for layer in model.transformer.layers:
        layer.compile(dynamic=False)
