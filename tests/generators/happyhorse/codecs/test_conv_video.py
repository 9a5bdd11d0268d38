from __future__ import annotations

import pytest
import torch

from generators.happyhorse.codecs.conv_video import ConvVideoCodec, training_step
from generators.happyhorse.training.data import to_tensors
from generators.toyworld.world.examples import example


def _small() -> ConvVideoCodec:
    torch.manual_seed(0)
    return ConvVideoCodec(latent_channels=8, width=32, units=1)


def test_it_has_one_point_three_million_parameters() -> None:
    assert sum(p.numel() for p in ConvVideoCodec().parameters()) == pytest.approx(1.3e6, rel=0.1)


@pytest.mark.parametrize("frames", [1, 5, 9])
def test_shapes_are_those_of_the_large_codec(frames: int) -> None:
    pixels = torch.rand(2, 3, frames, 32, 48) * 2 - 1
    latents = _small().encode(pixels)
    assert latents.shape == (2, 8, (frames - 1) // 4 + 1, 4, 6)
    assert _small().decode(latents).shape == pixels.shape


def test_latents_know_no_later_frame() -> None:
    codec = _small()
    for parameter in codec.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    pixels = torch.rand(1, 3, 9, 16, 16) * 2 - 1
    assert torch.allclose(codec.encode(pixels)[:, :, :1], codec.encode(pixels[:, :, :1]), atol=1e-5)
    assert torch.allclose(codec.encode(pixels)[:, :, :2], codec.encode(pixels[:, :, :5]), atol=1e-5)


def test_a_few_steps_lower_the_error() -> None:
    codec = _small()
    optimiser = torch.optim.AdamW(codec.parameters(), 2e-3)
    pixels, _ = to_tensors([example("train", 0, place) for place in range(4)])
    generator = torch.Generator().manual_seed(0)
    errors = [training_step(codec, optimiser, pixels[:, :, :9], generator) for _ in range(24)]
    assert errors[-1] < 0.5 * errors[0]


def test_calibrated_latents_have_unit_variance() -> None:
    codec = _small()
    pixels, _ = to_tensors([example("train", 0, place) for place in range(2)])
    codec.calibrate([pixels])
    latents = codec.encode(pixels).transpose(0, 1).flatten(1)
    assert torch.allclose(latents.mean(1), torch.zeros(8), atol=1e-3)
    assert torch.allclose(latents.std(1), torch.ones(8), atol=1e-2)
    assert torch.allclose(
        codec.decode(codec.encode(pixels)), codec.reconstruct(codec.posterior(pixels)[0]), atol=1e-4
    )
