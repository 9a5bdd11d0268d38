from __future__ import annotations

import pytest
import torch

from generators.happyhorse.network.kinds import Guidance
from generators.happyhorse.sampling.latents import Conditioning, Latents, Noise
from generators.happyhorse.sampling.preconditioning import (
    Preconditioned,
    Variances,
    power,
    to_output,
    to_velocity,
)
from generators.happyhorse.sampling.samplers import Velocity, sample_base, sample_distilled
from tests.factories_happyhorse import hashed_input

LEVELS = torch.tensor([0.001, 0.2, 0.5, 0.8, 0.999])
VARIANCE = torch.tensor([0.3, 1.0, 4.0])[:, None]
"""Variances of three channels."""
CLEAN, NOISE = VARIANCE.sqrt() * hashed_input(1, 5, 3, 40_000), hashed_input(2, 5, 3, 40_000)
SIGMA = LEVELS[:, None, None]
MIXED = (1 - SIGMA) * CLEAN + SIGMA * NOISE
ONE = torch.ones(())


def test_the_right_output_is_the_right_velocity() -> None:
    found = to_velocity(to_output(CLEAN, NOISE, LEVELS, VARIANCE), MIXED, LEVELS, VARIANCE)

    torch.testing.assert_close(found, NOISE - CLEAN, atol=1e-5, rtol=1e-5)


def test_no_output_is_the_wiener_estimate() -> None:
    estimate = MIXED - SIGMA * to_velocity(torch.zeros_like(MIXED), MIXED, LEVELS, VARIANCE)

    share = (1 - SIGMA) * VARIANCE / power(SIGMA, VARIANCE)
    torch.testing.assert_close(estimate, share * MIXED, atol=1e-5, rtol=1e-4)
    fitted = (MIXED * CLEAN).mean(-1, keepdim=True) / MIXED.square().mean(-1, keepdim=True)
    torch.testing.assert_close(fitted, share, atol=0.03, rtol=0)


def test_the_right_output_has_unit_variance_and_says_what_the_input_does_not() -> None:
    output = to_output(CLEAN, NOISE, LEVELS, VARIANCE)

    torch.testing.assert_close(output.square().mean(-1), torch.ones(5, 3), atol=0.03, rtol=0)
    torch.testing.assert_close((output * MIXED).mean(-1), torch.zeros(5, 3), atol=0.03, rtol=0)


@pytest.mark.parametrize("guided", [True, False])
def test_samplers_tell_the_level(guided: bool) -> None:
    """If the clean sample is 0 everywhere, x = σ·noise, so that a network can read σ off it."""

    def network(video: torch.Tensor, audio: torch.Tensor | None) -> tuple[torch.Tensor, None]:
        level = video.std()
        return -(1 - level) / level * video / power(level, ONE).sqrt(), None

    start = Latents(Noise(3).draw((4, 5, 16, 16), None).video, None)
    start = Latents(start.video / start.video.std(), None)
    model = Preconditioned(network, Variances(ONE, ONE))
    if guided:
        end = sample_base(model, model, start, steps=8)
    else:
        end = sample_distilled(model, start, Noise(4), steps=4)

    assert end.video.std() < 0.05


def test_the_strength_of_guidance_is_the_callers() -> None:
    one: Velocity = lambda video, audio: (0 * video + 1, None if audio is None else 0 * audio + 1)  # noqa: E731
    none: Velocity = lambda video, audio: (0 * video, None if audio is None else 0 * audio)  # noqa: E731
    start = Noise(1).draw((1, 1, 2, 2), (3, 1))

    end = sample_base(one, none, start, steps=1, guidance=Guidance(3.0, 3.0, 7.0))

    assert end.audio is not None
    assert start.audio is not None
    torch.testing.assert_close(end.video, start.video - 3 * 0.9998, atol=1e-3, rtol=0)
    torch.testing.assert_close(end.audio, start.audio - 7 * 0.9998, atol=1e-3, rtol=0)


def test_a_whole_picture_may_be_given() -> None:
    picture = hashed_input(5, 1, 4, 3, 2, 2)

    def network(video: torch.Tensor, audio: torch.Tensor | None) -> tuple[torch.Tensor, torch.Tensor | None]:
        assert video.equal(picture)
        return video, audio

    start = Noise(1).draw((4, 3, 2, 2), (9, 5))
    end = sample_distilled(network, start, Noise(2), steps=2, conditioning=Conditioning(video=picture))

    assert end.video.equal(picture)
