"""Low-rank additions to the large products: W + scale·up·down (LoRA: Hu et al., arXiv 2106.09685).

A product with three experts has one `down` for all tokens, and one `up` for each expert, stacked as its
weight is. Then a file says the same as one for the public code, whose weights are stacked alike.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812  (its usual name)

from generators.base import InvalidInput
from generators.happyhorse.network.products import PackedLinear
from generators.happyhorse.network.quantised import Codes

Product = PackedLinear | Codes


@dataclass(frozen=True)
class Addition:
    """Low-rank addition to one product's weight (experts·outputs, inputs)."""

    down: Tensor
    """(rank, inputs)."""
    up: Tensor
    """(experts·outputs, rank)."""
    scale: float
    """Factor of up·down: alpha / rank, as a rule."""

    def times(self, strength: float) -> Addition:
        """Return the same addition, stronger or weaker."""
        return Addition(self.down, self.up, self.scale * strength)

    def delta(self) -> Tensor:
        """Return what is added to the weight, (experts·outputs, inputs), float32."""
        return self.scale * (self.up.float() @ self.down.float())


Additions = Mapping[str, Addition]
"""Additions by the name of their product, such as `block.layers.0.mlp.down_proj`."""


class AddedTo(nn.Module):
    """A product, and low-rank additions to it."""

    def __init__(self, product: Product, additions: tuple[Addition, ...]) -> None:
        super().__init__()
        self.product = product
        self.experts, self.inputs, self.outputs = product.experts, product.inputs, product.outputs
        self.downs = nn.ParameterList([addition.down for addition in additions])
        self.ups = nn.ParameterList([addition.up for addition in additions])
        self.scales = [addition.scale for addition in additions]

    @property
    def dtype(self) -> torch.dtype:
        """Type of its results."""
        return self.product.dtype

    def forward(self, x: Tensor, expert: int) -> Tensor:
        """Map (…, inputs) to (…, outputs) by one expert's matrix and its additions."""
        result: Tensor = self.product(x, expert)
        given = x.to(self.dtype)
        for down, up, scale in zip(self.downs, self.ups, self.scales, strict=True):
            own = up.chunk(self.experts)[expert]
            low = F.linear(given, down.to(self.dtype))
            result = result + scale * F.linear(low, own.to(self.dtype))
        return result


def products(model: nn.Module) -> dict[str, Product]:
    """Return a network's large products by name, whether or not something is added to them."""
    found: dict[str, Product] = {}
    for name, module in model.named_modules():
        if isinstance(module, Product):
            found[name.removesuffix(".product")] = module
    return found


def fresh_additions(model: nn.Module, rank: int, alpha: float) -> dict[str, Addition]:
    """Return trainable additions to all products of a network, which change nothing yet.

    `down` is drawn by torch's own generator with variance 1 / inputs, and `up` is 0.

    Raises:
        InvalidInput: The rank isn't from 1 to the products' least side, or alpha isn't positive.
    """
    all_products = products(model)
    most = min(min(product.inputs, product.outputs) for product in all_products.values())
    if not 1 <= rank <= most:
        raise InvalidInput(f"rank must be a whole number from 1 to {most}; got {rank}.")
    if not (alpha > 0 and math.isfinite(alpha)):
        raise InvalidInput(f"alpha must be a positive number; got {alpha}.")
    return {name: _fresh(product, rank, alpha) for name, product in all_products.items()}


def _fresh(product: Product, rank: int, alpha: float) -> Addition:
    device = next(iter(product.state_dict().values())).device
    down = torch.randn(rank, product.inputs, device=device) * product.inputs**-0.5
    up = torch.zeros(product.experts * product.outputs, rank, device=device)
    return Addition(nn.Parameter(down), nn.Parameter(up), alpha / rank)


def attach(model: nn.Module, *several: Additions) -> None:
    """Add low-rank additions to a network's products, in place; the weights stay as they are."""
    for name, product in products(model).items():
        own = tuple(additions[name] for additions in several if name in additions)
        if own:
            _replace(model, name, AddedTo(product, own))


def detach(model: nn.Module) -> None:
    """Take all additions from a network's products again, in place."""
    for name, product in products(model).items():
        _replace(model, name, product)


def attached(model: nn.Module) -> Iterator[tuple[str, AddedTo]]:
    """Yield a network's products that have additions, by name."""
    for name, module in model.named_modules():
        if isinstance(module, AddedTo):
            yield name, module


@torch.no_grad()
def merge(model: nn.Module, additions: Additions) -> dict[str, Tensor]:
    """Put additions into a network's weights, in place, so that they cost nothing while it runs.

    Returns:
        The tensors, of any shape, that were there before, on the CPU: `unmerge` puts them back to the bit.
    """
    before: dict[str, Tensor] = {}
    for name, product in products(model).items():
        if name not in additions:
            continue
        before |= {f"{name}.{key}": tensor.cpu().clone() for key, tensor in product.state_dict().items()}
        if isinstance(product, Codes):
            product.load_state_dict(product.store(product.matrix() + additions[name].delta()), assign=True)
        else:
            product.weight.copy_(product.weight.float() + additions[name].delta())
    return before


@torch.no_grad()
def unmerge(model: nn.Module, before: Mapping[str, Tensor]) -> None:
    """Put back the tensors, of any shape, that `merge` returned."""
    state = model.state_dict()
    for key, tensor in before.items():
        state[key].copy_(tensor)


def _replace(model: nn.Module, name: str, module: nn.Module) -> None:
    parent, _, own = name.rpartition(".")
    setattr(model.get_submodule(parent), own, module)
