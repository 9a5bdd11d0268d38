"""The large products of a layer: one matrix for each modality's tokens, or one for all."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812  (its usual name)


class PackedLinear(nn.Module):
    """Product without bias; its weight (experts·outputs, inputs) stacks one matrix for each expert."""

    def __init__(self, inputs: int, outputs: int, experts: int, dtype: torch.dtype) -> None:
        super().__init__()
        self.experts = experts
        self.weight = nn.Parameter(torch.empty(experts * outputs, inputs, dtype=dtype))
        nn.init.normal_(self.weight, std=inputs**-0.5)

    @property
    def dtype(self) -> torch.dtype:
        """Type of its results."""
        return self.weight.dtype

    @property
    def inputs(self) -> int:
        """Values that it takes of each token."""
        return self.weight.shape[1]

    @property
    def outputs(self) -> int:
        """Values that it gives for each token."""
        return self.weight.shape[0] // self.experts

    def forward(self, x: Tensor, expert: int) -> Tensor:
        """Map (…, inputs) to (…, outputs) by one expert's matrix."""
        weight = self.weight.chunk(self.experts)[expert]
        return F.linear(x.to(weight.dtype), weight)
