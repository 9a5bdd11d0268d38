"""A running mean of the weights, which is what samples are made with."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from generators.happyhorse.toy.model import ToyModel


class Average:
    """Exponential mean, short at first: (1 + n)/(10 + n) of it stays at step n, up to `decay`."""

    def __init__(self, weights: Sequence[Tensor], decay: float = 0.999) -> None:
        self.decay, self.steps = decay, 0
        self.weights = [weight.detach().clone() for weight in weights]

    @torch.no_grad()
    def update(self, weights: Sequence[Tensor]) -> None:
        """Takes in the weights after a step."""
        self.steps += 1
        share = 1 - min(self.decay, (1 + self.steps) / (10 + self.steps))
        for mean, weight in zip(self.weights, weights, strict=True):
            mean.lerp_(weight, share)

    def model(self, like: ToyModel) -> ToyModel:
        """A model of its own with the mean weights, whole and ready to sample."""
        model = ToyModel(like.config, like.variances).to(self.weights[0].device)
        with torch.no_grad():
            for parameter, mean in zip(model.parameters(), self.weights, strict=True):
                parameter.copy_(mean)
        return model.eval()
