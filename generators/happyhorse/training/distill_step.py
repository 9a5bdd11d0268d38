"""One step of distillation, for the common `Run`."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import asdict

from torch import Generator, Tensor

from generators.happyhorse.toy.model import ToyModel, distilled_kind
from generators.happyhorse.training.arguments import require_whole
from generators.happyhorse.training.cache import EncodedBatch
from generators.happyhorse.training.dmd import (
    Networks,
    Recipe,
    Rollout,
    draw_rollout,
    fake_loss,
    student_loss,
    warm_loss,
)
from generators.happyhorse.training.gan import CriticOptimiser, head_of
from generators.happyhorse.training.optimisers import Learner, Optimisers, Rates
from generators.happyhorse.training.processes import Processes
from generators.happyhorse.training.run import Measured, Run, Settings, Update

Loss = Callable[[Networks, Rollout, Generator, Recipe], Tensor]

GENTLE = Rates(muon=5e-3, adam=5e-4)
"""Highest learning rates of networks that start from a trained one."""
_DECAY = 0.98


class DistillStep:
    """DMD-2 of one student in one process."""

    stream = 1

    def __init__(self, teacher: ToyModel, start: ToyModel, recipe: Recipe) -> None:
        """Copy the networks.

        Args:
            teacher: The trained model; the fake score network starts as its copy.
            start: The network that the student starts as.
            recipe: How the student is taught.
        """
        device = next(teacher.parameters()).device
        self.recipe, self.processes = recipe, Processes(device=device)
        self.nets = Networks(
            student=copy.deepcopy(start).train().requires_grad_(True),
            fake=copy.deepcopy(teacher).train().requires_grad_(True),
            teacher=copy.deepcopy(teacher).eval().requires_grad_(False),
            critic=head_of(teacher).to(device) if recipe.gan else None,
        )
        self.model = self.nets.student
        self.kind = distilled_kind(recipe.steps)
        self.state = f"distill-{recipe.steps}.pt"

    @property
    def identity(self) -> dict[str, object]:
        """Return the recipe."""
        return {"recipe": asdict(self.recipe)}

    @property
    def head(self) -> dict[str, object]:
        """Return the student's steps."""
        return {"distill_steps": self.recipe.steps}

    def notes(self, steps: int, settings: Settings) -> dict[str, object]:
        """Return the number of updates and the seed."""
        return {"updates": steps, "seed": settings.seed}

    def learners(self, rates: Rates) -> dict[str, Learner]:
        """Return the optimisers of student, fake score network and, if there is one, critic."""
        found: dict[str, Learner] = {
            "student": Optimisers(self.nets.student, rates),
            "fake": Optimisers(self.nets.fake, rates),
        }
        if self.nets.critic is not None:
            found["critic"] = CriticOptimiser(self.nets.critic, rates.adam)
        return found

    def updates(self, number: int) -> list[Update]:
        """Return the warm-up's update, or the fake network's, preceded in turn by one of the student."""
        if number < self.recipe.warm_up:
            return [self._update("student", warm_loss)]
        fake = self._update("fake", fake_loss)
        if number % self.recipe.ratio:
            return [fake]
        return [self._update("student", student_loss), fake]

    def _update(self, name: str, loss: Loss) -> Update:
        def measure(real: EncodedBatch, generator: Generator) -> Measured:
            rollout = draw_rollout(real, generator, self.recipe)
            found = loss(self.nets, rollout, generator, self.recipe)
            return Measured(found, {name: found.detach()})

        judged = name == "fake" and self.nets.critic is not None
        return Update((name, "critic") if judged else (name,), measure, f"{name}_norm")


def begin_distill(
    teacher: ToyModel,
    start: ToyModel,
    recipe: Recipe,
    *,
    updates: int = 3000,
    batch: int = 48,
    seed: int = 0,
    bfloat16: bool = False,
) -> Run:
    """Return a run at its start.

    Args:
        teacher: The trained model.
        start: The network that the student starts as.
        recipe: How the student is taught.
        updates: Steps of the run: updates in the warm-up, then updates of the fake score network.
        batch: Samples in a step.
        seed: Seed of clips and noise.
        bfloat16: Whether a CPU's products are in bfloat16, too.
    """
    return Run(DistillStep(teacher, start, recipe), distill_settings(updates, batch, seed, bfloat16))


def distill_settings(updates: int, batch: int, seed: int, bfloat16: bool = False) -> Settings:
    """Return the settings of a distillation.

    Raises:
        InvalidInput: A number is out of range.
    """
    require_whole("updates", updates)
    require_whole("batch", batch)
    return Settings(updates * batch, batch, seed, GENTLE, _DECAY, bfloat16)
