from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from generators.happyhorse.codecs.object_video import TOY_WORLD, ObjectVideoCodec, drawing_error
from generators.happyhorse.codecs.weights import WeightsError
from generators.happyhorse.training.codec_lessons import VideoLesson, psnr
from generators.happyhorse.training.data import to_tensors
from generators.toyworld.world.examples import example


@pytest.fixture(scope="module")
def codec() -> ObjectVideoCodec:
    return ObjectVideoCodec.load(TOY_WORLD)


@pytest.fixture(scope="module")
def frames() -> torch.Tensor:
    return to_tensors([example("held-out", 7, place) for place in range(8)])[0]


def test_four_frames_are_one_token_of_24_numbers(codec: ObjectVideoCodec, frames: torch.Tensor) -> None:
    latents = codec.encode(frames)

    assert latents.shape == (8, 6, 9, 2, 2)
    assert codec.latent_channels == 6
    assert codec.spatial_stride * 2 == frames.shape[-1]
    assert codec.decode(latents).shape == frames.shape


def test_held_out_clips_survive(codec: ObjectVideoCodec, frames: torch.Tensor) -> None:
    assert psnr(codec, frames) > 34


def test_an_image_has_the_latents_of_a_first_frame(codec: ObjectVideoCodec, frames: torch.Tensor) -> None:
    torch.testing.assert_close(codec.encode(frames[:, :, :1]), codec.encode(frames)[:, :, :1])


def test_latents_know_no_later_frame(codec: ObjectVideoCodec, frames: torch.Tensor) -> None:
    torch.testing.assert_close(codec.encode(frames[:, :, :5]), codec.encode(frames)[:, :, :2])


def test_latents_have_the_variance_that_the_codec_tells(codec: ObjectVideoCodec) -> None:
    frames, _ = to_tensors([example("train", 7, place) for place in range(64)])

    found = codec.encode(frames).transpose(0, 1).flatten(1).var(1)

    torch.testing.assert_close(found, codec.variance, rtol=0.3, atol=0.02)


def test_a_small_error_of_the_latents_is_a_small_error_of_the_picture(
    codec: ObjectVideoCodec, frames: torch.Tensor
) -> None:
    latents = codec.encode(frames)
    noise = torch.randn(latents.shape, generator=torch.Generator().manual_seed(0))

    moved = codec.decode(latents + 0.01 * noise)

    assert (moved - codec.decode(latents)).square().mean() < 1e-2


def test_an_object_looks_the_same_in_all_frames_but_a_given_first(
    codec: ObjectVideoCodec, frames: torch.Tensor
) -> None:
    """With looks that the latents tell differently, the background's corner doesn't change."""
    latents = codec.encode(frames)
    noise = torch.randn(latents.shape, generator=torch.Generator().manual_seed(0))

    corners = codec.decode(latents + 0.1 * noise)[..., 0, 0]

    assert (corners[:, :, 1:] - corners[:, :, 1:2]).abs().amax() < 1e-3
    torch.testing.assert_close(codec.decode(latents)[:, :, 0], codec.decode(latents[:, :, :1])[:, :, 0])


@pytest.mark.parametrize("shape", [(1, 3, 5, 32, 64), (1, 3, 4, 64, 64), (1, 3, 33, 128, 128)])
def test_frames_of_another_size_are_refused(codec: ObjectVideoCodec, shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="64×64 pixels and be one more than a multiple of 4; got"):
        codec.encode(torch.zeros(shape))


def test_a_few_steps_lower_the_error() -> None:
    torch.manual_seed(0)
    codec = ObjectVideoCodec()
    optimiser = torch.optim.Adam(codec.parameters(), 2e-3)
    (frames,) = VideoLesson().data("train", range(12))
    errors = []
    for step in range(24):
        loss, error = drawing_error(codec, frames, torch.Generator().manual_seed(step))
        optimiser.zero_grad()
        torch.autograd.backward(loss)
        optimiser.step()
        errors.append(error.item())
    assert errors[-1] < 0.5 * errors[0]


def test_it_comes_back_from_its_file(codec: ObjectVideoCodec, frames: torch.Tensor, tmp_path: Path) -> None:
    codec.save(tmp_path / "codec.safetensors")

    again = ObjectVideoCodec.load(tmp_path / "codec.safetensors")

    assert again.encode(frames).equal(codec.encode(frames))


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    save_file({"weight": torch.zeros(2)}, tmp_path / "other.safetensors")

    with pytest.raises(WeightsError, match="ObjectVideoCodec"):
        ObjectVideoCodec.load(tmp_path / "other.safetensors")
