"""Running mean of the weights; samples are made with it."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from generators.happyhorse.toy.model import ToyModel


class Average:
    """Exponential moving average whose decay at step n is (1 + n)/(10 + n), at most `decay`.

    The average so forgets the first weights quickly.
    """

    def __init__(self, weights: Sequence[Tensor], decay: float = 0.999) -> None:
        """Start at the given weights, which are copied."""
        self.decay, self.steps = decay, 0
        self.weights = [weight.detach().clone() for weight in weights]

    @torch.no_grad()
    def update(self, weights: Sequence[Tensor]) -> None:
        """Take in the weights, of any shape, after a step: mean ← decay·mean + (1 − decay)·weights."""
        self.steps += 1
        share = 1 - min(self.decay, (1 + self.steps) / (10 + self.steps))
        for mean, weight in zip(self.weights, weights, strict=True):
            mean.lerp_(weight, share)

    def model(self, like: ToyModel) -> ToyModel:
        """Return a new model of the same sizes with the mean weights, unsharded and ready to sample."""
        model = ToyModel(like.config, like.variances).to(self.weights[0].device)
        with torch.no_grad():
            for parameter, mean in zip(model.parameters(), self.weights, strict=True):
                parameter.copy_(mean)
        return model.eval()
