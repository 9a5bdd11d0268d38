"""The adversarial part of DMD-2 (Yin et al., arXiv 2405.14867): a head on the fake score network."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import AdamW

from generators.happyhorse.sampling.latents import Latents
from generators.happyhorse.toy.model import ToyModel


class Critic(nn.Module):
    """Head that scores how real noisy clips look: above 0 for real."""

    def __init__(self, width: int) -> None:
        """Make a head for features of this width."""
        super().__init__()
        self.judge = nn.Sequential(
            nn.LayerNorm(width), nn.Linear(width, width), nn.SiLU(), nn.Linear(width, 1)
        )

    def forward(self, network: ToyModel, x: Latents, words: Tensor) -> Tensor:
        """Return one score for each sample (B,): the mean over all tokens after the last layer."""
        kept: list[Tensor] = []
        last = list(network.transformer.layers)[-1]
        hook = last.register_forward_hook(lambda _, __, output: kept.append(output))
        try:
            network(*x, words)
        finally:
            hook.remove()
        # (B, tokens, width) → (B, tokens, 1) → (B,)
        scores: Tensor = self.judge(kept[0].float()).mean(dim=(1, 2))
        return scores


class CriticOptimiser:
    """AdamW over a critic, at a constant rate."""

    def __init__(self, critic: Critic, rate: float) -> None:
        """Take over the critic's parameters."""
        self._weights = list(critic.parameters())
        self._adam = AdamW(self._weights, lr=rate)

    @torch.no_grad()
    def step(self, done: float) -> float:
        """Move the weights by their gradients, clear these, and return their norm.

        Args:
            done: Share of the run that is behind; the rate doesn't depend on it.
        """
        found = [weight.grad for weight in self._weights if weight.grad is not None]
        norm = torch.stack([gradient.norm() for gradient in found]).norm()
        self._adam.step()
        self.clear()
        return float(norm)

    def clear(self) -> None:
        """Discard all gradients."""
        self._adam.zero_grad()

    def publish(self) -> None:
        """Do nothing but clear gradients: a critic is never sharded."""
        self.clear()

    def full(self) -> list[Tensor]:
        """Return the weights, of any shape."""
        return [weight.detach() for weight in self._weights]

    def state_dict(self) -> dict[str, Any]:
        """Return the optimiser's state."""
        return self._adam.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore the optimiser's state."""
        self._adam.load_state_dict(state)


def head_of(model: ToyModel, seed: int = 0) -> Critic:
    """Return a fresh critic for a network, the same for the same seed."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return Critic(model.config.hidden_size)
