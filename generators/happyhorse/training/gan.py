"""DMD-2's optional adversarial part: a small head on the fake score network's features."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from generators.happyhorse.sampling.latents import Latents
from generators.happyhorse.toy.model import ToyModel


class Critic(nn.Module):
    """Says of noisy clips how real they look: a value above 0 for real."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.judge = nn.Sequential(
            nn.LayerNorm(width), nn.Linear(width, width), nn.SiLU(), nn.Linear(width, 1)
        )

    def forward(self, network: ToyModel, x: Latents, words: Tensor) -> Tensor:
        """One value for each sample (B,), from all tokens after the last layer."""
        kept: list[Tensor] = []
        last = list(network.transformer.layers)[-1]
        hook = last.register_forward_hook(lambda _, __, output: kept.append(output))
        try:
            network(*x, words)
        finally:
            hook.remove()
        said: Tensor = self.judge(kept[0].float()).mean(dim=(1, 2))
        return said


def head_of(model: ToyModel, seed: int = 0) -> Critic:
    """A fresh critic for a network."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return Critic(model.config.hidden_size)
