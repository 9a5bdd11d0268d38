"""Rearrange a network's weights once, so that each forward reads and writes memory less often.

- A norm's weight goes into the product after it, and its root mean square, one number for each token, scales
  the product's result: W·(x·r·(1 + w)) = r·(W·diag(1 + w))·x.
- The rows of a gated MLP's first product, where gates and values alternate, are sorted: gates, then values.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from generators.base import InvalidInput
from generators.happyhorse.network.pointwise import CLAMP, EPS, SIGMOID_SLOPE, RMSNorm, swiglu7
from generators.happyhorse.network.products import PackedLinear
from generators.happyhorse.network.quantised import Codes
from generators.happyhorse.network.transformer import MLP, HappyHorseTransformer


class Unchanged(nn.Module):
    """Norm in name only: the product after it normalises."""

    def forward(self, x: Tensor, expert: int) -> Tensor:
        """Return x (…, width)."""
        return x


class NormedProduct(nn.Module):
    """A norm and the product after it, whose weight holds the norm's."""

    def __init__(self, product: PackedLinear) -> None:
        super().__init__()
        self.product = product
        self.experts, self.inputs, self.outputs = product.experts, product.inputs, product.outputs

    @property
    def dtype(self) -> torch.dtype:
        """Type of its results."""
        return self.product.dtype

    def forward(self, x: Tensor, expert: int) -> Tensor:
        """Normalise (…, inputs) and map it to (…, outputs) by one expert's matrix."""
        scale = torch.rsqrt(x.float().square().mean(dim=-1, keepdim=True) + EPS)
        result: Tensor = self.product(x, expert) * scale
        return result.to(self.dtype)


@torch.no_grad()
def fuse(model: HappyHorseTransformer) -> None:
    """Rearrange a network's weights in place; its state then has other keys.

    Products of fewer bits keep their norms, since folding would round them again.

    Raises:
        InvalidInput: A product has low-rank additions.
    """
    for layer in model.layers:
        for product in (layer.attention.linear_qkv, layer.mlp.up_gate_proj):
            if not isinstance(product, PackedLinear | Codes):
                raise InvalidInput(
                    "fast must leave 'fused' out with LoRA, whose additions are made for the weights as they "
                    "are. Merge it first: python -m generators.happyhorse lora-merge"
                )
        _sort_rows(layer.mlp)
        _fold(layer.attention, "linear_qkv")
        _fold(layer.mlp, "up_gate_proj")


def swiglu7_apart(x: Tensor) -> Tensor:
    """Apply gate·sigmoid(1.702·gate)·(value + 1) to (…, 2·width) with all gates before all values."""
    gate, value = x.chunk(2, dim=-1)
    gate = gate.clamp(max=CLAMP)
    return gate * torch.sigmoid(SIGMOID_SLOPE * gate) * (value.clamp(-CLAMP, CLAMP) + 1)


def _sort_rows(mlp: MLP) -> None:
    if mlp.activation is not swiglu7:
        return
    product = mlp.up_gate_proj
    rows = torch.arange(product.experts * product.outputs).reshape(product.experts, -1, 2)
    order = rows.transpose(1, 2).flatten()
    for name, tensor in product.state_dict(keep_vars=True).items():
        sorted_ = tensor.data.view(torch.uint8)[order] if tensor.itemsize == 1 else tensor.data[order]
        getattr(product, name).data = sorted_.view(tensor.dtype)
    mlp.activation = swiglu7_apart


def _fold(owner: nn.Module, name: str) -> None:
    """Fold the owner's `pre_norm` into a product of it."""
    product, norm = getattr(owner, name), owner.pre_norm
    if not isinstance(product, PackedLinear) or not isinstance(norm, RMSNorm):
        return
    factors = 1 + norm.weight.float().reshape(norm.experts, 1, -1)  # experts, 1, inputs
    weight = product.weight.data.reshape(product.experts, product.outputs, product.inputs)
    product.weight.data = (weight.float() * factors).to(weight.dtype).flatten(0, 1)
    setattr(owner, name, NormedProduct(product))
    owner.pre_norm = Unchanged()
