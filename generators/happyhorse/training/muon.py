"""Muon with its iteration in single precision (Jordan et al. 2024, kellerjordan.github.io/posts/muon).

PyTorch's own `Muon` iterates in bfloat16, in which few CPUs compute. On the others its step takes three
quarters of the time of forward and backward of the toy model, and this one a twentieth
(`tests/benchmarks/training.py`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

import torch
from torch import Tensor
from torch.optim import Optimizer

_QUINTIC = (3.4445, -4.775, 2.0315)
"""Coefficients of x, x³ and x⁵ that raise small singular values fastest."""
_ITERATIONS = 5
_LEAST_NORM = 1e-7


class Muon(Optimizer):
    """Momentum whose update of each matrix is replaced by the nearest orthogonal one."""

    def __init__(
        self, matrices: Iterable[Tensor], lr: float, momentum: float = 0.95, weight_decay: float = 0.01
    ) -> None:
        """Take over the matrices.

        Args:
            matrices: Parameters of shape (rows, columns).
            lr: Learning rate of a square matrix; a tall one's is √(rows / columns) times as high.
            momentum: Share of the running mean of gradients that a step keeps.
            weight_decay: Share of the weights that a step at a learning rate of 1 would take away.
        """
        super().__init__(matrices, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]  # nothing is measured anew
        """Move each matrix that has a gradient."""
        for group in self.param_groups:
            for matrix in group["params"]:
                if matrix.grad is not None:
                    self._move(matrix, group["lr"], group["momentum"], group["weight_decay"])

    def _move(self, matrix: Tensor, lr: float, momentum: float, weight_decay: float) -> None:
        state = self.state[matrix]
        if not state:
            state["momentum_buffer"] = torch.zeros_like(matrix)
        mean = cast(Tensor, state["momentum_buffer"])
        gradient = cast(Tensor, matrix.grad)
        mean.lerp_(gradient, 1 - momentum)
        ahead = gradient.lerp(mean, momentum)  # Nesterov's: one step of the mean further
        rows, columns = matrix.shape
        tall = max(1.0, rows / columns) ** 0.5
        matrix.mul_(1 - lr * weight_decay)
        matrix.add_(orthogonalised(ahead), alpha=-lr * tall)


def orthogonalised(matrix: Tensor) -> Tensor:
    """Return a matrix with the same singular vectors, whose singular values are near 1 (0.7 to 1.2).

    Args:
        matrix: (rows, columns), of rank min(rows, columns). Directions of no weight stay without weight.
    """
    wide = len(matrix) <= matrix.shape[1]
    x = matrix if wide else matrix.T
    x = x / x.norm().clamp(min=_LEAST_NORM)
    # Newton-Schulz: X ← aX + (bA + cA²)X with A = XXᵀ, which maps each singular value s to as + bs³ + cs⁵.
    a, b, c = _QUINTIC
    for _ in range(_ITERATIONS):
        gram = x @ x.T
        polynomial = torch.addmm(gram, gram, gram, beta=b, alpha=c)
        x = torch.addmm(x, polynomial, x, beta=a)
    return x if wide else x.T
