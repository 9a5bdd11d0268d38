"""NaN and infinity are refused wherever they come from: no black or roaring clip is made of them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from generators.base import GenerationError, Track
from generators.happyhorse.codecs import linear_video, spectral_audio
from generators.happyhorse.codecs.linear_video import LinearVideoCodec
from generators.happyhorse.codecs.spectral_audio import SpectralAudioCodec
from generators.happyhorse.codecs.weights import WeightsError, fill
from generators.happyhorse.network.finite import NotFinite, is_finite, require_finite, unfit
from generators.happyhorse.pipeline.parts import Parts
from generators.happyhorse.pipeline.pipeline import Pipeline
from generators.happyhorse.pipeline.request import ClipRequest
from generators.happyhorse.toy.checkpoints import weights_file
from generators.happyhorse.toy.model import load_model
from generators.happyhorse.weights.checkpoint import CheckpointError, load_transformer
from generators.happyhorse.weights.random import random_parts
from tests.factories_happyhorse import TINY, hashed_transformer

BAD = (math.nan, math.inf, -math.inf)


def spoil(source: Path, target: Path, name: str, value: float) -> Path:
    """Copy a file of weights with one value replaced."""
    with safe_open(source, "pt") as file:
        metadata = file.metadata()
    tensors = {key: tensor.clone() for key, tensor in load_file(source).items()}
    tensors[name].view(-1)[-1] = value
    save_file(tensors, target, metadata=metadata)
    return target


@pytest.mark.parametrize("value", BAD)
def test_a_value_that_is_no_number_is_found_wherever_it_stands(value: float) -> None:
    tensor = torch.zeros(3, 5)
    assert is_finite(tensor)
    tensor[1, 4] = value
    assert not is_finite(tensor)


def test_the_largest_numbers_of_each_precision_are_numbers() -> None:
    for dtype in (torch.float32, torch.bfloat16, torch.float16):
        assert is_finite(torch.full((2,), torch.finfo(dtype).max, dtype=dtype))


def test_a_message_names_no_more_than_can_be_read() -> None:
    said = unfit({f"layer{n}": torch.tensor([math.nan]) for n in range(9)})
    assert said == (
        "weights must be finite; got NaN or infinity in layer0, layer1, layer2, layer3, layer4 and 4 more"
    )


@pytest.mark.parametrize("value", BAD)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_checkpoint_is_refused_and_its_tensor_named(
    tmp_path: Path, value: float, dtype: torch.dtype
) -> None:
    key = "block.layers.3.mlp.down_proj.weight"
    tensors = {name: tensor.clone() for name, tensor in hashed_transformer().state_dict().items()}
    tensors[key][0, 0] = value
    save_file(tensors, tmp_path / "model.safetensors")
    with pytest.raises(CheckpointError, match=rf"model\.safetensors: weights must be finite; .* in {key}\."):
        load_transformer(tmp_path, TINY, dtype)


def test_the_small_model_is_refused_and_its_tensor_named(tmp_path: Path) -> None:
    key = "transformer.block.layers.2.attention.linear_qkv.weight"
    path = spoil(weights_file("distilled", None), tmp_path / "nan.safetensors", key, math.nan)
    with pytest.raises(WeightsError, match=rf"nan\.safetensors: weights must be finite; .* in {key}\."):
        load_model(path)


def test_codecs_are_refused_whatever_loads_them(tmp_path: Path) -> None:
    loads: tuple[tuple[Path, Callable[[Path], object]], ...] = (
        (linear_video.TOY_WORLD, LinearVideoCodec.load),
        (spectral_audio.TOY_WORLD, SpectralAudioCodec.load),
    )
    for source, load in loads:
        name = max(load_file(source), key=str)
        path = spoil(source, tmp_path / source.name, name, math.inf)
        with pytest.raises(WeightsError, match=f"got NaN or infinity in {name}"):
            load(path)
    with pytest.raises(WeightsError, match="got NaN or infinity in bias"):
        fill(nn.Linear(1, 1), {"weight": torch.ones(1, 1), "bias": torch.tensor([math.nan])}, Path("f"))


class Spoilt(nn.Module):
    """A network that says NaN."""

    def forward(
        self, video: Tensor, audio: Tensor | None, *_: object, **__: object
    ) -> tuple[Tensor, Tensor | None]:
        return (video * math.nan, None) if audio is None else (video, audio * math.nan)


@pytest.mark.parametrize("mode", ["t2v", "t2v-audio"])
def test_a_network_that_comes_to_nan_makes_no_clip(mode: Track) -> None:
    parts: Parts = replace(random_parts(steps=1), transformer=lambda: Spoilt())  # type: ignore[arg-type, return-value]  # all that is called
    request = ClipRequest("a ball", 0.2, 32, 32, mode=mode, silence="left-out")
    with pytest.raises(GenerationError, match="stage 'denoising' must be finite"):
        Pipeline(parts).make(request)


def test_a_stage_that_left_something_out_is_no_fault() -> None:
    require_finite("sound", None, torch.ones(2))
    with pytest.raises(NotFinite, match="stage 'sound'"):
        require_finite("sound", None, torch.tensor([math.inf]))
