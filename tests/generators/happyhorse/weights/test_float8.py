"""Public fp8 checkpoints: large products in e4m3, each with one scale."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from generators.happyhorse.network.facts import PRECISIONS, Precision
from generators.happyhorse.network.products import PackedLinear
from generators.happyhorse.network.quantised import FLOAT8, Codes
from generators.happyhorse.weights.checkpoint import CheckpointError, load_transformer
from generators.happyhorse.weights.float8 import SUFFIX
from tests.factories_happyhorse import TINY, hashed_transformer


def _public() -> dict[str, Tensor]:
    """Return the tensors of a checkpoint as the public fp8 ports write it."""
    model = hashed_transformer(TINY, torch.bfloat16)
    tensors = {key: tensor.clone() for key, tensor in model.state_dict().items()}
    for name, module in model.named_modules():
        if isinstance(module, PackedLinear):
            weight = module.weight.float()
            scale = weight.abs().max() / 448
            tensors[f"{name}.weight"] = (weight / scale).to(FLOAT8)
            tensors[f"{name}.weight{SUFFIX}"] = scale
    return tensors


def test_weights_are_codes_times_their_scale(tmp_path: Path) -> None:
    tensors = _public()
    save_file(tensors, tmp_path / "model.safetensors")

    model = load_transformer(tmp_path, TINY)

    key = "block.layers.1.mlp.down_proj.weight"
    expected = (tensors[key].float() * tensors[key + SUFFIX]).bfloat16()
    assert model.state_dict()[key].equal(expected)


def test_in_fp8_the_codes_stay_as_they_are(tmp_path: Path) -> None:
    tensors = _public()
    save_file(tensors, tmp_path / "model.safetensors")

    model = load_transformer(tmp_path, TINY, precision="fp8")

    for name, module in model.named_modules():
        if isinstance(module, Codes):
            assert module.weight.view(torch.uint8).equal(tensors[f"{name}.weight"].view(torch.uint8))
            assert (module.scale == tensors[f"{name}.weight{SUFFIX}"]).all()


@pytest.mark.parametrize("precision", [each for each in PRECISIONS if each != "bf16"])
def test_a_checkpoint_of_any_type_is_read_in_fewer_bits(tmp_path: Path, precision: Precision) -> None:
    save_file(hashed_transformer(TINY, torch.bfloat16).state_dict(), tmp_path / "model.safetensors")
    exact = load_transformer(tmp_path, TINY)

    model = load_transformer(tmp_path, TINY, precision=precision)

    products = {name: module for name, module in model.named_modules() if isinstance(module, Codes)}
    assert len(products) == 4 * TINY.num_layers
    for name, module in products.items():
        weight = exact.state_dict()[f"{name}.weight"]
        assert (module.matrix() - weight).abs().max() < 0.1 * weight.abs().max()


@pytest.mark.parametrize("file", ["model.safetensors", "model-00002-of-00002.safetensors"])
def test_a_weight_without_a_scale_is_named(tmp_path: Path, file: str) -> None:
    tensors = _public()
    key = "block.layers.0.attention.linear_qkv.weight"
    scale = tensors.pop(key + SUFFIX)
    save_file(tensors, tmp_path / file)
    if file != "model.safetensors":  # a scale in another file doesn't help
        save_file({key + SUFFIX: scale}, tmp_path / "model-00001-of-00002.safetensors")

    with pytest.raises(
        CheckpointError, match=f"{file} must hold a scale for each weight in e4m3; got none for {key}"
    ):
        load_transformer(tmp_path, TINY)


def test_a_code_that_is_no_number_is_refused(tmp_path: Path) -> None:
    tensors = _public()
    key = "block.layers.0.attention.linear_qkv.weight"
    tensors[key][0, 0] = float("nan")
    save_file(tensors, tmp_path / "model.safetensors")

    precisions: tuple[Precision, ...] = ("bf16", "fp8")
    for precision in precisions:
        with pytest.raises(CheckpointError, match="weights must be finite"):
            load_transformer(tmp_path, TINY, precision=precision)
