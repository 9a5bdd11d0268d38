"""Products whose weights are stored in 8 or 4 bits, with a scale for each row or for parts of it.

`fp8` is e4m3 (OCP 8-bit floating point, 2023) with a scale for each row; its inputs are rounded to e4m3, too,
with a scale for each token, so that a GPU multiplies in 8 bits. `int8` and `int4` store weights alone: inputs
stay in bfloat16. All are symmetric: a code of 0 is the weight 0.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812  (its usual name)

from generators.happyhorse.network.facts import Precision
from generators.happyhorse.network.products import PackedLinear

FLOAT8 = torch.float8_e4m3fn
LARGEST_FLOAT8 = 448.0
"""Largest e4m3 number."""
GROUP = 128
"""Weights of a row that share a scale in `int4`."""
_ALIGNED = 16
"""Sides of matrices that `torch._scaled_mm` takes are multiples of it."""


class Codes(nn.Module):
    """Codes of one matrix for each expert, and their scales."""

    weight: Tensor
    scale: Tensor

    def __init__(self, product: PackedLinear, precision: Precision) -> None:
        """Make room for a product's codes, on the device of its weight."""
        super().__init__()
        self.precision, self.experts = precision, product.experts
        self.inputs, self.outputs = product.inputs, product.outputs
        self.dtype = torch.bfloat16
        for name, tensor in self._empty(product.weight.device).items():
            self.register_buffer(name, tensor)

    def _empty(self, device: torch.device) -> dict[str, Tensor]:
        form = FORMATS[self.precision]
        rows = self.experts * self.outputs
        with torch.device("meta"):
            made = form.encode(torch.empty(rows, self.inputs))
        return {name: torch.empty_like(tensor, device=device) for name, tensor in made.items()}

    def store(self, weight: Tensor) -> dict[str, Tensor]:
        """Return the tensors of this module that stand for a weight (experts·outputs, inputs)."""
        return FORMATS[self.precision].encode(weight.float())

    def store_float8(self, codes: Tensor, scale: Tensor) -> dict[str, Tensor]:
        """Return the tensors for e4m3 codes (rows, inputs) times a scalar scale; `fp8` keeps the codes."""
        if self.precision != "fp8":
            return self.store(codes.float() * scale)
        return {"weight": codes, "scale": scale.float().reshape(1, 1).repeat(len(codes), 1)}

    def matrix(self) -> Tensor:
        """Return the weight that the codes stand for, (experts·outputs, inputs), float32."""
        return FORMATS[self.precision].decode(self.weight, self.scale)[:, : self.inputs]

    def forward(self, x: Tensor, expert: int) -> Tensor:
        """Map (…, inputs) to (…, outputs) by one expert's matrix, in bfloat16."""
        codes = self.weight.chunk(self.experts)[expert]
        scale = self.scale.chunk(self.experts)[expert]
        return FORMATS[self.precision].multiply(x.to(self.dtype), codes, scale)


@dataclass(frozen=True)
class Format:
    """A way to store weights."""

    encode: Callable[[Tensor], dict[str, Tensor]]
    """Turn a weight (rows, inputs) into its codes, `weight`, and their scales, `scale`."""
    decode: Callable[[Tensor, Tensor], Tensor]
    """Turn codes and scales into a weight (rows, inputs or more), float32."""
    multiply: Callable[[Tensor, Tensor, Tensor], Tensor]
    """Multiply inputs (…, inputs) in bfloat16 with codes and scales: (…, rows)."""


def quantise(model: nn.Module, precision: Precision) -> None:
    """Replace all large products of a network, in place, by ones of fewer bits; bf16 leaves them as they are.

    On the meta device, where weights have no values, it makes room for the codes.
    """
    if precision == "bf16":
        return
    for name, module in list(model.named_modules()):
        if not isinstance(module, PackedLinear):
            continue
        codes = Codes(module, precision)
        if not module.weight.is_meta:
            codes.load_state_dict(codes.store(module.weight.detach()), assign=True)
        parent, _, own = name.rpartition(".")
        setattr(model.get_submodule(parent), own, codes)


def encode_rows(weight: Tensor) -> dict[str, Tensor]:
    """Store each row of a weight (rows, inputs) as int8 codes, and a scale (rows, 1)."""
    scale = _scale(weight, 127)
    codes = (weight / scale).round().clamp(-127, 127).to(torch.int8)
    return {"weight": codes, "scale": scale}


def multiply_rows(x: Tensor, codes: Tensor, scale: Tensor) -> Tensor:
    """Multiply x (…, inputs) with int8 codes, exact in bfloat16, then with each row's scale: (…, rows)."""
    product = F.linear(x, codes.to(x.dtype))
    return (product.float() * scale[:, 0]).to(x.dtype)


def encode_groups(weight: Tensor) -> dict[str, Tensor]:
    """Store a weight (rows, inputs) as codes of −7…7, two in a byte, and a scale for each 128 inputs.

    Codes are (rows, groups·64): the first half of a group's inputs in the low four bits. Scales are
    (rows, groups). A last group of fewer inputs is filled up by zeros.
    """
    groups = F.pad(weight, (0, -weight.shape[1] % GROUP)).reshape(len(weight), -1, GROUP)
    scale = _scale(groups, 7)  # (rows, groups, 1)
    codes = (groups / scale).round().clamp(-7, 7).to(torch.int8) + 8
    low, high = codes.to(torch.uint8).chunk(2, dim=-1)
    return {"weight": (low | high << 4).flatten(1), "scale": scale.squeeze(-1)}


def decode_groups(codes: Tensor, scale: Tensor) -> Tensor:
    """Return the weight (rows, groups·128) of `encode_groups`."""
    pairs = codes.reshape(len(codes), -1, GROUP // 2)
    values = torch.cat([pairs & 15, pairs >> 4], dim=-1).to(torch.int8) - 8
    return (values * scale[..., None]).flatten(1)


def multiply_groups(x: Tensor, codes: Tensor, scale: Tensor) -> Tensor:
    """Multiply x (…, inputs) with the weight that four-bit codes stand for: (…, rows)."""
    weight = decode_groups(codes, scale)[:, : x.shape[-1]]
    return F.linear(x, weight.to(x.dtype))


def encode_float8(weight: Tensor) -> dict[str, Tensor]:
    """Store each row of a weight (rows, inputs) in e4m3, and a scale (rows, 1)."""
    scale = _scale(weight, LARGEST_FLOAT8)
    return {"weight": (weight / scale).to(FLOAT8), "scale": scale}


def multiply_float8(x: Tensor, codes: Tensor, scale: Tensor) -> Tensor:
    """Multiply in e4m3: each token's inputs are rounded with a scale of their own, (…, 1).

    A GPU of compute capability 8.9 or more multiplies the codes; elsewhere they are multiplied in float32,
    and only the order of summation differs.
    """
    tokens = x.float().flatten(0, -2)
    token_scale = _scale(tokens, LARGEST_FLOAT8)
    rounded = (tokens / token_scale).to(FLOAT8)
    if multiplies_float8(x.device):
        product = _multiply_on_gpu(rounded, codes, token_scale, scale)
    else:
        product = F.linear(rounded.float(), codes.float()) * token_scale * scale[:, 0]
    return product.to(x.dtype).reshape(*x.shape[:-1], -1)


def multiplies_float8(device: torch.device) -> bool:
    """Whether a device multiplies in e4m3."""
    return device.type == "cuda" and torch.cuda.get_device_capability(device) >= (8, 9)


def _multiply_on_gpu(x: Tensor, codes: Tensor, x_scale: Tensor, scale: Tensor) -> Tensor:
    """Multiply (tokens, inputs) with (rows, inputs), both filled up to multiples of 16 by zeros."""
    rows, inputs = codes.shape
    x, codes = _aligned(x, 0, inputs), _aligned(codes, rows, inputs)
    scale = F.pad(scale, (0, 0, 0, len(codes) - rows), value=1.0)
    product = torch._scaled_mm(x, codes.T, scale_a=x_scale, scale_b=scale.T, out_dtype=torch.bfloat16)
    return product[:, :rows]


def _aligned(codes: Tensor, rows: int, columns: int) -> Tensor:
    """Fill a matrix up to multiples of 16 rows (0 leaves them as they are) and columns."""
    more_rows, more_columns = -rows % _ALIGNED, -columns % _ALIGNED
    if not more_rows and not more_columns:
        return codes
    padded = F.pad(codes.view(torch.uint8), (0, more_columns, 0, more_rows))
    return padded.view(FLOAT8)


def _scale(values: Tensor, largest: float) -> Tensor:
    """Return the scale (…, 1) that maps the largest magnitude of each last axis to the largest code."""
    most = values.abs().amax(dim=-1, keepdim=True)
    return most.clamp(min=torch.finfo(torch.float32).tiny * largest) / largest


def _decode_rows(codes: Tensor, scale: Tensor) -> Tensor:
    return codes.float() * scale


FORMATS: dict[Precision, Format] = {
    "fp8": Format(encode_float8, _decode_rows, multiply_float8),
    "int8": Format(encode_rows, _decode_rows, multiply_rows),
    "int4": Format(encode_groups, decode_groups, multiply_groups),
}
