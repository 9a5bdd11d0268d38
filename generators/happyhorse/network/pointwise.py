"""What is computed for each token by itself between the products: norms, rotary positions, activations."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812  (its usual name)

EPS = 1e-6
CLAMP = 7.0
SIGMOID_SLOPE = 1.702


class Rotary(nn.Module):
    """Rotary positions along time, height and width; the last quarter of each head is not rotated."""

    bands: Tensor

    def __init__(self, head_dim: int, base: float = 10_000.0) -> None:
        super().__init__()
        count = head_dim // 8
        self.register_buffer("bands", base ** (-torch.arange(count, dtype=torch.float32) / count))

    def forward(self, places: Tensor) -> tuple[Tensor, Tensor]:
        """Turn positions (B, N, 3) into cosines and sines (B, N, 1, 3·bands)."""
        angles = (places[..., None] * self.bands.float()).flatten(-2)[:, :, None]
        return angles.cos(), angles.sin()


class RMSNorm(nn.Module):
    """Norm that scales to a root mean square of 1 + weight, in float32; one weight for each expert."""

    def __init__(self, width: int, experts: int = 1) -> None:
        super().__init__()
        self.experts = experts
        self.weight = nn.Parameter(torch.zeros(experts * width))

    def forward(self, x: Tensor, expert: int = 0) -> Tensor:
        """Normalise (…, width)."""
        weight: Tensor = self.weight.float().chunk(self.experts)[expert]
        return F.rms_norm(x.float(), weight.shape, 1 + weight, EPS)


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotate dimensions i and i + bands of x (B, N, heads, head_dim) by each token's angles.

    After Su et al. (2021, arXiv 2104.09864).
    """
    half = cos.shape[-1]
    a, b, rest = x.tensor_split((half, 2 * half), dim=-1)
    return torch.cat([a * cos - b * sin, b * cos + a * sin, rest], dim=-1)


def swiglu7(x: Tensor) -> Tensor:
    """Apply gate·sigmoid(1.702·gate)·(value + 1) to (…, 2·width), where gates and values alternate.

    After Shazeer (2020, arXiv 2002.05202), with the public code's clamps.
    """
    gate = x[..., ::2].clamp(max=CLAMP)
    value = x[..., 1::2].clamp(-CLAMP, CLAMP)
    return gate * torch.sigmoid(SIGMOID_SLOPE * gate) * (value + 1)


def gelu7(x: Tensor) -> Tensor:
    """Apply x·sigmoid(1.702·x) in any shape, which approximates GELU, with x clamped at 7.

    After Hendrycks and Gimpel (2016, arXiv 1606.08415).
    """
    x = x.clamp(max=CLAMP)
    return x * torch.sigmoid(SIGMOID_SLOPE * x)
