from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from generators.happyhorse.codecs.object_audio import (
    TOY_WORLD,
    ObjectAudioCodec,
    beginnings,
    find_peaks,
    ringing_error,
)
from generators.happyhorse.codecs.spectral_audio import BINS, HOP, SAMPLE_RATE, spectra
from generators.happyhorse.codecs.weights import WeightsError
from generators.happyhorse.training.data import to_tensors
from generators.toyworld.senses.hearing import find_onsets
from generators.toyworld.senses.matching import pair
from generators.toyworld.world.examples import SAMPLES, Example, example


@pytest.fixture(scope="module")
def codec() -> ObjectAudioCodec:
    return ObjectAudioCodec.load(TOY_WORLD)


@pytest.fixture(scope="module")
def clips() -> list[Example]:
    return [example("held-out", 12, place) for place in range(16)]


@pytest.fixture(scope="module")
def samples(clips: list[Example]) -> torch.Tensor:
    return to_tensors(clips)[1]


def _lines(samples: torch.Tensor) -> torch.Tensor:
    """Return the magnitudes (B, hops, 256) of samples (B, 2, N)."""
    return spectra(samples.mean(1)).reshape(len(samples), -1, BINS).expm1()


def test_there_are_16_numbers_for_each_video_frame(codec: ObjectAudioCodec, samples: torch.Tensor) -> None:
    latents = codec.encode(samples[:2], SAMPLE_RATE)

    assert (codec.latents_per_s, codec.latent_channels) == (16, 16)
    assert latents.shape == (2, 33, 16)
    assert codec.decode(latents).shape == (2, 2, SAMPLES)


def test_sounds_at_another_rate_have_about_the_same_latents(
    codec: ObjectAudioCodec, samples: torch.Tensor
) -> None:
    doubled = samples[:4].repeat_interleave(2, dim=2)

    one, other = codec.encode(samples[:4], SAMPLE_RATE), codec.encode(doubled, 2 * SAMPLE_RATE)

    assert float((one - other).square().mean()) < 0.05


def test_held_out_sounds_survive(codec: ObjectAudioCodec, samples: torch.Tensor) -> None:
    before, after = (
        spectra(sound.mean(1)) for sound in (samples, codec.decode(codec.encode(samples, SAMPLE_RATE)))
    )

    assert float((after - before).square().sum() / before.square().sum()) < 0.02


def test_decoded_tones_start_when_the_true_ones_do(codec: ObjectAudioCodec, samples: torch.Tensor) -> None:
    decoded = codec.decode(codec.encode(samples, SAMPLE_RATE))
    true, heard, matched = 0, 0, 0
    for one, other in zip(samples.mean(1).numpy(), decoded.mean(1).numpy(), strict=True):
        times, found = (find_onsets(sound, SAMPLE_RATE) for sound in (one, other))
        true, heard = true + len(times), heard + len(found)
        matched += len(pair(times, found, 0.02))

    assert true > 20
    assert 2 * matched / (true + heard) > 0.95


def test_peaks_are_where_impacts_are(clips: list[Example], samples: torch.Tensor) -> None:
    """Within a hop, 16 ms, and one for each."""
    clip, hop, _ = find_peaks(beginnings(_lines(samples)))
    for number, item in enumerate(clips):
        found = (hop[clip == number] * HOP / SAMPLE_RATE).numpy()
        true = np.array([impact.time_s for impact in item.impacts if impact.audible])
        apart = np.abs(true[:, None] - found).min(axis=1, initial=np.inf)
        close = np.abs(true[:, None] - true) < 0.06  # impacts of a corner sound as one
        assert (apart[close.sum(1) == 1] < HOP / SAMPLE_RATE).all()


def test_a_tone_that_rings_on_begins_only_once() -> None:
    """Peaks of a tone that dies away by 12 % in each hop: the first hop alone."""
    lines = torch.zeros(1, 12, BINS)
    lines[0, 3:, 40] = 64.0 * 0.88 ** torch.arange(9.0)

    begins = beginnings(lines)

    assert begins[0, 3] == pytest.approx(1.0)
    assert begins[0].sum() == pytest.approx(1.0, abs=0.01)


def test_a_peaks_time_and_height_are_those_of_a_parabola() -> None:
    hops = torch.arange(16.0)
    begins = (0.9 - 0.1 * (hops - 7.25).square()).clamp(min=0)[None]

    clip, when, height = find_peaks(begins)

    assert clip.tolist() == [0]
    assert when.tolist() == pytest.approx([7.25])
    assert height.tolist() == pytest.approx([0.9])


def test_what_is_low_or_low_beside_the_highest_is_no_peak() -> None:
    begins = torch.zeros(2, 20)
    begins[0, [4, 10]] = torch.tensor([1.0, 0.35])
    begins[1, 4] = 0.15

    clip, when, _ = find_peaks(begins)

    assert (clip.tolist(), when.round().tolist()) == ([0], [4.0])


def test_a_blurred_beginning_is_one_tone_like_a_sharp_one(
    codec: ObjectAudioCodec, samples: torch.Tensor
) -> None:
    """Blurring what begins over three hops leaves as many tones, at the same times."""
    begins = beginnings(_lines(samples))
    kernel = torch.ones(1, 1, 3) / 3
    blurred = torch.nn.functional.conv1d(begins[:, None], kernel, padding=1)[:, 0]

    sharp, wide = find_peaks(begins), find_peaks(blurred)

    assert len(wide[1]) == pytest.approx(len(sharp[1]), rel=0.1)


def test_silence_stays_silent(codec: ObjectAudioCodec) -> None:
    decoded = codec.decode(codec.encode(torch.zeros(1, 2, 4000), SAMPLE_RATE))

    assert decoded.shape == (1, 2, 4000)
    assert decoded.abs().max() < 1e-3


def test_latents_have_the_variance_that_the_codec_tells(codec: ObjectAudioCodec) -> None:
    _, samples = to_tensors([example("train", 7, place) for place in range(96)])

    found = codec.encode(samples, SAMPLE_RATE).flatten(0, 1).var(0)

    torch.testing.assert_close(found, codec.variance, rtol=0.4, atol=0.05)


def test_a_small_error_of_the_latents_is_a_small_error_of_the_sound(
    codec: ObjectAudioCodec, samples: torch.Tensor
) -> None:
    latents = codec.encode(samples, SAMPLE_RATE)
    noise = torch.randn(latents.shape, generator=torch.Generator().manual_seed(0))

    before, after = (spectra(codec.decode(each).mean(1)) for each in (latents, latents + 0.01 * noise))

    assert float((after - before).square().mean()) < 1e-3


def test_a_few_steps_lower_the_error(samples: torch.Tensor) -> None:
    torch.manual_seed(0)
    codec = ObjectAudioCodec()
    optimiser = torch.optim.Adam(codec.parameters(), 3e-3)
    logs = spectra(samples[:8].mean(1))
    errors = []
    for step in range(40):
        loss, error = ringing_error(codec, logs, torch.Generator().manual_seed(step))
        optimiser.zero_grad()
        torch.autograd.backward(loss)
        optimiser.step()
        errors.append(error.item())

    assert errors[-1] < 0.5 * errors[0]


def test_it_comes_back_from_its_file(codec: ObjectAudioCodec, samples: torch.Tensor, tmp_path: Path) -> None:
    codec.save(tmp_path / "codec.safetensors")

    again = ObjectAudioCodec.load(tmp_path / "codec.safetensors")

    assert again.encode(samples, SAMPLE_RATE).equal(codec.encode(samples, SAMPLE_RATE))


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    save_file({"weight": torch.zeros(2)}, tmp_path / "other.safetensors")

    with pytest.raises(WeightsError, match="ObjectAudioCodec"):
        ObjectAudioCodec.load(tmp_path / "other.safetensors")
