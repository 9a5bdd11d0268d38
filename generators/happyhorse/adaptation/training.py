"""Training of low-rank additions by flow matching, on encoded clips of any sizes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import cast

import numpy as np
import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from generators.base import InvalidInput
from generators.happyhorse.adaptation.clips import Example
from generators.happyhorse.adaptation.lora import Additions, attach, fresh_additions
from generators.happyhorse.network.facts import SHIFT
from generators.happyhorse.network.transformer import HappyHorseTransformer
from generators.happyhorse.pipeline.parts import Parts
from generators.happyhorse.sampling.latents import Latents, Noise
from generators.happyhorse.sampling.preconditioning import Network, Preconditioned
from generators.replacing import replacing


@dataclass(frozen=True)
class Settings:
    """Numbers that decide, together with the clips, which additions a run ends with."""

    rank: int = 16
    alpha: float = 16.0
    rate: float = 1e-4
    """Learning rate of AdamW."""
    batch: int = 1
    """Clips in a step, one after the other."""
    seed: int = 0


class LoraRun:
    """State of one run: additions, their optimiser, and the number of steps."""

    def __init__(self, parts: Parts, examples: Sequence[Example], settings: Settings) -> None:
        """Attach fresh additions to the parts' transformer.

        Raises:
            InvalidInput: Rank or alpha is out of range.
        """
        self.parts, self.examples, self.settings = parts, examples, settings
        self.model = parts.transformer().requires_grad_(False)
        with torch.random.fork_rng():
            torch.manual_seed(settings.seed)
            self.additions: Additions = fresh_additions(self.model, settings.rank, settings.alpha)
        attach(self.model, self.additions)
        _recompute_layers(self.model)
        parameters = [part for each in self.additions.values() for part in (each.down, each.up)]
        self.optimiser = torch.optim.AdamW(parameters, lr=settings.rate)
        self.steps = 0

    def advance(self) -> float:
        """Take one step, and return its mean loss."""
        rng = np.random.default_rng([self.settings.seed, self.steps])
        losses = []
        for _ in range(self.settings.batch):
            example = self.examples[int(rng.integers(len(self.examples)))]
            loss = self.loss(example, rng) / self.settings.batch
            torch.autograd.backward(loss)
            losses.append(float(loss.detach()))
        self.optimiser.step()
        self.optimiser.zero_grad()
        self.steps += 1
        return sum(losses)

    def loss(self, example: Example, rng: np.random.Generator) -> Tensor:
        """Return the mean squared error of one clip's velocities at a level that is drawn, scalar.

        Each modality counts alike. Levels are logit-normal, moved towards noise as the samplers' levels are.
        """
        level = shifted(1 / (1 + math.exp(-float(rng.standard_normal()))))
        device = self.parts.device
        network = self._network(example.text[None].to(device), level)
        clean = Latents(
            example.video[None].to(device), None if example.audio is None else example.audio[None].to(device)
        )
        noise = Noise(int(rng.integers(2**62)), device=device).like(clean)
        video = (1 - level) * clean.video + level * noise.video
        if clean.audio is None or noise.audio is None:
            seen, _ = network(video, None)
            return (seen - (noise.video - clean.video)).square().mean()
        seen, heard = network(video, (1 - level) * clean.audio + level * noise.audio)
        picture = (seen - (noise.video - clean.video)).square().mean()
        return picture + (cast(Tensor, heard) - (noise.audio - clean.audio)).square().mean()

    def save(self, file: Path) -> None:
        """Write all that a later run needs to go on."""
        state = {
            "settings": vars(self.settings),
            "steps": self.steps,
            "additions": {name: (each.down, each.up) for name, each in self.additions.items()},
            "optimiser": self.optimiser.state_dict(),
        }
        with replacing(file) as draft:
            torch.save(state, draft)

    def load(self, file: Path) -> None:
        """Go on from a state that `save` wrote.

        Raises:
            InvalidInput: The state is of a run with other settings.
        """
        state = torch.load(file, map_location=self.parts.device, weights_only=True)
        if state["settings"] != vars(self.settings):
            raise InvalidInput(
                f"{file} must be of a run with {vars(self.settings)}; got {state['settings']}. "
                "Use its settings, or delete the file to begin again."
            )
        with torch.no_grad():
            for name, (down, up) in state["additions"].items():
                self.additions[name].down.copy_(down)
                self.additions[name].up.copy_(up)
        self.optimiser.load_state_dict(state["optimiser"])
        self.steps = int(state["steps"])

    def _network(self, text: Tensor, level: float) -> Network:
        velocity = self.parts.kind.velocity(self.model, text)
        if self.parts.variances is None:
            return velocity
        return Preconditioned(velocity, self.parts.variances).at(level)


def shifted(even: float) -> float:
    """Move a level towards noise, as the samplers' levels are."""
    return SHIFT * even / (1 + (SHIFT - 1) * even)


def _recompute_layers(model: HappyHorseTransformer) -> None:
    """Keep only the layers' inputs for the backward pass, which computes each layer again."""
    for layer in model.layers:
        layer.forward = partial(checkpoint, layer.forward, use_reentrant=False)  # type: ignore[method-assign]
