from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from generators.happyhorse.codecs.protocol import AudioCodec
from generators.happyhorse.codecs.resample import resample
from generators.happyhorse.codecs.spectral_audio import (
    BINS,
    SAMPLE_RATE,
    TOY_WORLD,
    SpectralAudioCodec,
    find_sound,
    fit_audio_basis,
    spectra,
)
from generators.happyhorse.codecs.weights import WeightsError
from generators.happyhorse.training.data import to_tensors
from generators.happyhorse.training.fitting import training_batches
from generators.toyworld.senses.hearing import find_onsets
from generators.toyworld.senses.matching import pair
from generators.toyworld.world.examples import SAMPLES, example


@pytest.fixture(scope="module")
def codec() -> SpectralAudioCodec:
    return SpectralAudioCodec.load(TOY_WORLD)


@pytest.fixture(scope="module")
def samples() -> torch.Tensor:
    return to_tensors([example("held-out", 12, place) for place in range(16)])[1]


@pytest.fixture(scope="module")
def decoded(codec: SpectralAudioCodec, samples: torch.Tensor) -> torch.Tensor:
    """Return the samples after encoding and decoding."""
    return codec.decode(codec.encode(samples, SAMPLE_RATE))


def _error(one: torch.Tensor, other: torch.Tensor) -> float:
    """Return the error of the log spectra, as a share of their energy."""
    return float((spectra(one) - spectra(other)).pow(2).sum() / spectra(other).pow(2).sum())


def test_there_is_a_latent_for_each_video_frame(codec: AudioCodec, samples: torch.Tensor) -> None:
    latents = codec.encode(samples[:2], SAMPLE_RATE)
    assert codec.latents_per_s == 16
    assert latents.shape == (2, 33, codec.latent_channels)
    assert codec.decode(latents).shape == (2, 2, SAMPLES)


def test_channels_have_about_the_variances_that_the_codec_says(
    codec: SpectralAudioCodec, samples: torch.Tensor
) -> None:
    found = codec.encode(samples, SAMPLE_RATE).var(dim=(0, 1))
    assert float((found / codec.variance).mean()) == pytest.approx(1, abs=0.4)


def test_held_out_sound_survives(samples: torch.Tensor, decoded: torch.Tensor) -> None:
    assert _error(decoded[:, 0], samples[:, 0]) < 0.04


def test_sounds_start_when_they_did(samples: torch.Tensor, decoded: torch.Tensor) -> None:
    matched, before, after = 0, 0, 0
    for own, other in zip(samples[:, 0].numpy(), decoded[:, 0].numpy(), strict=True):
        then, now = find_onsets(own, SAMPLE_RATE), find_onsets(other, SAMPLE_RATE)
        matched += len(pair(then, now, within_s=0.02))
        before, after = before + len(then), after + len(now)
    assert matched > 0.9 * before
    assert matched > 0.85 * after


def test_phases_are_found_for_exact_magnitudes(samples: torch.Tensor) -> None:
    magnitudes = spectra(samples[:2, 0]).reshape(2, -1, BINS).expm1().mT
    error = _error(find_sound(magnitudes), samples[:2, 0])
    assert error < 0.01
    assert _error(find_sound(magnitudes, rounds=2), samples[:2, 0]) > error


def test_the_same_latents_give_the_same_sound(codec: SpectralAudioCodec, samples: torch.Tensor) -> None:
    latents = codec.encode(samples[:1], SAMPLE_RATE)
    assert torch.equal(codec.decode(latents), codec.decode(latents))


def test_silence_stays_silent(codec: SpectralAudioCodec) -> None:
    decoded = codec.decode(codec.encode(torch.zeros(1, 2, SAMPLES), SAMPLE_RATE))
    assert decoded.abs().max() < 0.01


def test_another_rate_is_resampled(codec: SpectralAudioCodec, samples: torch.Tensor) -> None:
    fast = resample(samples[:2], SAMPLES * 3)
    there = codec.encode(fast, 3 * SAMPLE_RATE)
    assert torch.allclose(there, codec.encode(samples[:2], SAMPLE_RATE), atol=1e-2)


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    save_file({"weight": torch.zeros(1)}, tmp_path / "other.safetensors")
    with pytest.raises(WeightsError, match="no spectral audio codec"):
        SpectralAudioCodec.load(tmp_path / "other.safetensors")


@pytest.mark.slow
def test_a_fit_to_few_clips_comes_near_the_shipped_one(
    codec: SpectralAudioCodec, samples: torch.Tensor
) -> None:
    fitted = fit_audio_basis((samples for _, samples in training_batches(60)), 48)
    errors = [_error(c.decode(c.encode(samples, SAMPLE_RATE))[:, 0], samples[:, 0]) for c in (fitted, codec)]
    assert errors[0] == pytest.approx(errors[1], abs=0.02)
