from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from generators.happyhorse.codecs.linear_video import (
    TOY_WORLD,
    LinearVideoCodec,
    cut_blocks,
    fit_video_basis,
    join_blocks,
)
from generators.happyhorse.codecs.protocol import VideoCodec
from generators.happyhorse.codecs.weights import WeightsError
from generators.happyhorse.network.tokens import patchify
from generators.happyhorse.training.data import to_tensors
from generators.happyhorse.training.fitting import training_batches
from generators.toyworld.world.examples import example


@pytest.fixture(scope="module")
def codec() -> LinearVideoCodec:
    return LinearVideoCodec.load(TOY_WORLD)


@pytest.fixture(scope="module")
def frames() -> torch.Tensor:
    return to_tensors([example("held-out", 11, place) for place in range(24)])[0]


def _psnr_db(one: torch.Tensor, other: torch.Tensor) -> float:
    return 10 * math.log10(4 / float((one.clamp(-1, 1) - other).pow(2).mean()))


def test_blocks_are_cut_and_joined_without_loss() -> None:
    frames = torch.rand(2, 3, 9, 32, 48)
    assert torch.equal(join_blocks(cut_blocks(frames)), frames)


@pytest.mark.parametrize("shape", [(3, 8, 64, 64), (3, 9, 60, 64), (3, 9, 64, 72)])
def test_frames_that_cant_be_cut_are_refused(codec: LinearVideoCodec, shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="multiples of 16 and frames one more than a multiple of 4"):
        codec.encode(torch.zeros(1, *shape))


def test_latents_have_the_large_codecs_layout(codec: VideoCodec, frames: torch.Tensor) -> None:
    latents = codec.encode(frames[:2])
    assert codec.latent_channels == 24
    assert latents.shape == (2, 24, 9, 64 // codec.spatial_stride, 64 // codec.spatial_stride)
    assert codec.decode(latents).shape == (2, 3, 33, 64, 64)


def test_a_token_is_a_block(codec: LinearVideoCodec, frames: torch.Tensor) -> None:
    tokens = patchify(codec.encode(frames[:1]))
    numbers = codec.basis.project(cut_blocks(frames[:1])).flatten(0, 3)
    assert torch.allclose(tokens[0], numbers * codec.variance.sqrt().repeat_interleave(4), atol=1e-4)


def test_an_image_has_the_latents_of_a_first_frame(codec: LinearVideoCodec, frames: torch.Tensor) -> None:
    assert torch.allclose(codec.encode(frames[:, :, :1]), codec.encode(frames)[:, :, :1], atol=1e-4)


def test_held_out_clips_survive(codec: LinearVideoCodec, frames: torch.Tensor) -> None:
    assert _psnr_db(codec.decode(codec.encode(frames)), frames) > 29.5
    assert _psnr_db(codec.decode(codec.encode(frames[:, :, :1])), frames[:, :, :1]) > 31


def test_channels_have_about_the_variances_that_the_codec_says(
    codec: LinearVideoCodec, frames: torch.Tensor
) -> None:
    found = codec.encode(frames)[:, :, 1:].var(dim=(0, 2, 3, 4))
    assert codec.variance.mean() == pytest.approx(1)
    assert ((found / codec.variance).log().abs() < 0.7).all()


def test_fewer_numbers_keep_less(codec: LinearVideoCodec, frames: torch.Tensor) -> None:
    kept = [_psnr_db((cut := codec.cut(width)).decode(cut.encode(frames)), frames) for width in (16, 48, 96)]
    assert kept == sorted(kept)
    with pytest.raises(ValueError, match="multiple of 4"):
        codec.cut(50)


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    save_file({"weight": torch.zeros(1)}, tmp_path / "other.safetensors")
    with pytest.raises(WeightsError, match="no linear video codec"):
        LinearVideoCodec.load(tmp_path / "other.safetensors")


@pytest.mark.slow
def test_a_fit_to_few_clips_comes_near_the_shipped_one(codec: LinearVideoCodec, frames: torch.Tensor) -> None:
    fitted = fit_video_basis((frames for frames, _ in training_batches(60)), 96)
    shipped = _psnr_db(codec.decode(codec.encode(frames)), frames)
    assert _psnr_db(fitted.decode(fitted.encode(frames)), frames) == pytest.approx(shipped, abs=1.0)
