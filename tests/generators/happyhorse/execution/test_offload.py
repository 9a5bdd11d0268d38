"""Layers that wait in main memory: same results, two groups on the device at most."""

from __future__ import annotations

import pytest
import torch

from generators.happyhorse.execution.offload import offload
from generators.happyhorse.network.facts import Precision
from generators.happyhorse.network.quantised import quantise
from tests.factories_happyhorse import hashed_inputs, hashed_transformer

CPU = torch.device("cpu")


@pytest.mark.parametrize("group", [1, 2, 4, 6, 9])
def test_groups_come_and_go_without_changing_a_bit(group: int) -> None:
    plain, moved = hashed_transformer(), hashed_transformer()
    home = {key: tensor.data_ptr() for key, tensor in moved.state_dict().items()}
    waiting = offload(moved, moved.layers, CPU, group)
    present: list[int] = []
    for layer in moved.layers:
        layer.register_forward_hook(lambda *_: present.append(waiting.present))
    assert waiting.present == 0

    with torch.inference_mode():
        for _ in range(2):
            assert moved(*hashed_inputs())[0].equal(plain(*hashed_inputs())[0])

    assert len(present) == 12
    assert max(present) <= 2
    waiting.leave()
    assert waiting.present == 0
    assert {key: tensor.data_ptr() for key, tensor in moved.state_dict().items()} == home


@pytest.mark.parametrize("precision", ["fp8", "int8", "int4"])
def test_codes_of_fewer_bits_come_and_go_too(precision: Precision) -> None:
    plain, moved = (hashed_transformer(dtype=torch.bfloat16) for _ in range(2))
    for model in (plain, moved):
        quantise(model, precision)
    offload(moved, moved.layers, CPU)

    with torch.inference_mode():
        assert moved(*hashed_inputs())[0].equal(plain(*hashed_inputs())[0])


def test_a_layer_on_the_device_has_copies_of_its_weights() -> None:
    model = hashed_transformer()
    home = {tensor.data_ptr() for tensor in model.state_dict().values()}
    offload(model, model.layers, CPU)
    copied: list[bool] = []
    for layer in model.layers:
        layer.register_forward_hook(
            lambda layer, *_: copied.append(layer.mlp.down_proj.weight.data_ptr() not in home)
        )

    with torch.no_grad():
        model(*hashed_inputs())

    assert copied == [True] * 6
