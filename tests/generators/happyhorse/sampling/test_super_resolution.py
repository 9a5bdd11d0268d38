from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from generators.happyhorse.network.kinds import KINDS
from generators.happyhorse.sampling.latents import Latents, Noise
from generators.happyhorse.sampling.samplers import Velocity
from generators.happyhorse.sampling.super_resolution import (
    AUDIO_NOISE,
    VIDEO_SIGNAL,
    prepare,
    sample_super_resolution,
)
from tests.factories_happyhorse import TINY, hashed_input, hashed_transformer

SIZE = (8, 12)


def _base() -> Latents:
    return Latents(hashed_input(1, 1, 48, 3, 4, 6), hashed_input(2, 1, 9, 64))


def _network(kind: str, text: int = 5) -> Velocity:
    chosen = KINDS[kind]
    if chosen.window is not None:
        chosen = replace(chosen, window=1)
    model = hashed_transformer(chosen.configure(TINY))
    return chosen.velocity(model, hashed_input(3, 1, text, TINY.text_in_channels))


def test_the_share_of_signal_is_that_of_the_noise_schedule() -> None:
    betas = torch.linspace(0.00085**0.5, 0.0120**0.5, 1000, dtype=torch.float64) ** 2
    signal = (1 - betas).cumprod(0).sqrt()
    rescaled = (signal - signal[-1]) * signal[0] / (signal[0] - signal[-1])

    assert pytest.approx(rescaled[220].item(), abs=1e-6) == VIDEO_SIGNAL
    assert pytest.approx(0.544270, abs=1e-6) == (1 - VIDEO_SIGNAL**2) ** 0.5


def test_a_larger_latent_starts_from_the_smaller_one_with_noise() -> None:
    base = Latents(torch.full((1, 48, 3, 4, 6), 2.0), torch.full((1, 9, 64), 2.0))

    start = prepare(base, SIZE, Noise(1))

    fresh = Noise(1).draw((48, 3, *SIZE), (9, 64))
    assert start.audio is not None
    assert fresh.audio is not None
    torch.testing.assert_close(start.video, 2 * 0.838910 + 0.544270 * fresh.video, atol=1e-5, rtol=0)
    torch.testing.assert_close(start.audio, 2 * 0.3 + AUDIO_NOISE * fresh.audio, atol=1e-5, rtol=0)


def test_enlarging_keeps_corners_and_frames_where_they_are() -> None:
    base = _base()

    class Silence(Noise):
        def _next(self, streams: list[torch.Generator], shape: tuple[int, ...]) -> Tensor:
            return torch.zeros(1, *shape)

    video = prepare(base, SIZE, Silence(1)).video / VIDEO_SIGNAL

    assert video.shape == (1, 48, 3, *SIZE)
    torch.testing.assert_close(video[..., ::7, ::11], base.video[..., ::3, ::5])


@pytest.mark.parametrize("kind", ["540p", "1080p"])
def test_the_network_sees_the_same_noisy_audio_at_each_step_and_the_base_audio_is_returned(kind: str) -> None:
    network, base = _network(kind), _base()
    heard: list[Tensor] = []

    def watching(video: Tensor, audio: Tensor | None) -> tuple[Tensor, Tensor | None]:
        assert audio is not None
        heard.append(audio)
        return network(video, audio)

    end = sample_super_resolution(watching, base, SIZE, Noise(1))

    assert len(heard) == 5
    assert all(audio.equal(heard[0]) for audio in heard)
    assert base.audio is not None
    assert not heard[0].equal(base.audio)
    assert end.audio is base.audio
    assert end.video.shape == (1, 48, 3, *SIZE)
    assert end.video.isfinite().all()


def test_the_reference_image_is_kept_at_the_new_size() -> None:
    frame = hashed_input(4, 1, 48, 1, *SIZE)

    end = sample_super_resolution(_network("540p"), _base(), SIZE, Noise(1), first_frame=frame, steps=2)

    assert end.video[:, :, :1].equal(frame)


def test_audio_that_was_left_out_stays_out() -> None:
    base = _base()._replace(audio=None)

    end = sample_super_resolution(_network("540p"), base, SIZE, Noise(1), steps=2)

    assert end.audio is None


def test_a_local_checkpoint_answers_otherwise_than_a_full_one() -> None:
    base = Latents(hashed_input(1, 1, 48, 5, 4, 6), hashed_input(2, 1, 17, 64))

    full, local = (
        sample_super_resolution(_network(kind), base, SIZE, Noise(1), steps=1) for kind in ("540p", "1080p")
    )

    assert (full.video - local.video).abs().max() > 1e-3
