"""Products in 8 and 4 bits: what is stored, what they compute, and how much is lost."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from generators.happyhorse.network.facts import PRECISIONS, Precision
from generators.happyhorse.network.products import PackedLinear
from generators.happyhorse.network.quantised import (
    FLOAT8,
    GROUP,
    LARGEST_FLOAT8,
    Codes,
    quantise,
)
from generators.happyhorse.network.transformer import HappyHorseTransformer
from tests.factories_happyhorse import TINY, hashed, hashed_inputs, hashed_transformer

QUANTISED = [each for each in PRECISIONS if each != "bf16"]
INPUTS, OUTPUTS, EXPERTS = 200, 24, 3
LOSS: dict[Precision, float] = {"fp8": 0.15, "int8": 0.03, "int4": 0.3}
"""Most root mean square error of a whole small network, as a share of its velocities'."""


def _product() -> PackedLinear:
    product = PackedLinear(INPUTS, OUTPUTS, EXPERTS, torch.float32).requires_grad_(False)
    product.weight.copy_(torch.from_numpy(hashed(product.weight.numel(), 1)).reshape(product.weight.shape))
    return product


def _codes(product: PackedLinear, precision: Precision) -> Codes:
    codes = Codes(product, precision)
    codes.load_state_dict(codes.store(product.weight), assign=True)
    return codes


def _input(*shape: int) -> Tensor:
    return torch.from_numpy(hashed(int(torch.tensor(shape).prod()), 2)).float().reshape(shape)


@pytest.mark.parametrize("precision", ["int8", "int4"])
def test_no_weight_moves_by_more_than_half_a_step(precision: Precision) -> None:
    product = _product()
    codes = _codes(product, precision)

    moved = (codes.matrix() - product.weight).abs()

    steps = codes.scale.repeat_interleave(GROUP, dim=1)[:, :INPUTS] if precision == "int4" else codes.scale
    assert (moved <= steps * 0.500001).all()


def test_e4m3_keeps_three_bits_of_each_weight_after_the_first() -> None:
    product = _product()
    codes = _codes(product, "fp8")

    moved = (codes.matrix() - product.weight).abs()

    least = 2**-7 * codes.scale  # half the step between subnormal numbers is 2⁻¹⁰; normal ones begin at 2⁻⁶
    assert (moved <= product.weight.abs() / 16 + least).all()


@pytest.mark.parametrize("precision", QUANTISED)
@pytest.mark.parametrize("expert", range(EXPERTS))
def test_a_product_is_that_of_the_weight_which_the_codes_stand_for(precision: Precision, expert: int) -> None:
    codes = _codes(_product(), precision)
    x = _input(2, 5, INPUTS).bfloat16()
    if precision == "fp8":  # inputs are rounded, too
        scale = x.float().abs().amax(-1, keepdim=True) / LARGEST_FLOAT8
        given = (x.float() / scale).to(FLOAT8).float() * scale
    else:
        given = x.float()

    expected = given @ codes.matrix().chunk(EXPERTS)[expert].T

    found = codes(x, expert)
    assert found.dtype == torch.bfloat16
    assert found.shape == (2, 5, OUTPUTS)
    torch.testing.assert_close(found.float(), expected, atol=0.02 * float(expected.std()), rtol=2**-6)


@pytest.mark.parametrize("precision", QUANTISED)
def test_rows_of_zeros_stay_zeros(precision: Precision) -> None:
    product = _product()
    product.weight.zero_()
    codes = _codes(product, precision)

    assert not codes.matrix().any()
    assert not codes(_input(1, 3, INPUTS), 0).any()
    assert not codes(torch.zeros(1, 3, INPUTS), 0).any()


@pytest.mark.parametrize("precision", QUANTISED)
def test_a_network_loses_no_more_than_its_bits_say(precision: Precision) -> None:
    exact = hashed_transformer(TINY, torch.bfloat16)(*hashed_inputs())
    model = hashed_transformer(TINY, torch.bfloat16)
    quantise(model, precision)

    for found, velocity in zip(model(*hashed_inputs()), exact, strict=True):
        assert 0 < _rms(found - velocity) / _rms(velocity) < LOSS[precision]


@pytest.mark.parametrize(("precision", "bits"), [("fp8", 8), ("int8", 8), ("int4", 4)])
def test_weights_take_their_bits_and_little_more(precision: Precision, bits: int) -> None:
    wide = PackedLinear(5120, 16, 1, torch.bfloat16).requires_grad_(False)
    stored = Codes(wide, precision).state_dict().values()

    scales = 0.25 if precision == "int4" else 0.01  # bits of float32 scales for each weight
    assert sum(tensor.nbytes for tensor in stored) * 8 <= (bits + scales) * wide.weight.numel()


def test_a_network_without_values_makes_room_for_its_codes() -> None:
    with torch.device("meta"):
        model = HappyHorseTransformer(TINY, torch.bfloat16)
    quantise(model, "int8")

    state = hashed_transformer(TINY, torch.bfloat16)
    quantise(state, "int8")
    expected = {key: (tensor.shape, tensor.dtype) for key, tensor in state.state_dict().items()}
    assert {key: (tensor.shape, tensor.dtype) for key, tensor in model.state_dict().items()} == expected
    assert all(tensor.is_meta for tensor in model.state_dict().values())


def _rms(x: Tensor) -> float:
    return x.float().square().mean().sqrt().item()
