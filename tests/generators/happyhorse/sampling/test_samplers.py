"""Samplers with velocities whose results are known, and with a small network."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from generators.happyhorse.network.kinds import KINDS
from generators.happyhorse.sampling.latents import Conditioning, Latents, Noise
from generators.happyhorse.sampling.samplers import (
    Velocity,
    noise_levels,
    sample_base,
    sample_distilled,
    solve,
)
from tests.factories_happyhorse import TINY, hashed_input, hashed_transformer

VIDEO, AUDIO = (48, 3, 4, 6), (9, 64)
Sample = Callable[..., Latents]


def _network() -> Velocity:
    model = hashed_transformer()
    return KINDS["distilled"].velocity(model, hashed_input(1002, 1, 5, TINY.text_in_channels))


def _towards(target: float) -> Velocity:
    """Return the velocity towards a clean sample that is `target` everywhere, at the samplers' σ."""
    return lambda video, audio: (video - target, None if audio is None else audio - target)


def _everywhere(value: float) -> Velocity:
    """Return the same velocity, whatever the network sees."""

    def velocity(video: Tensor, audio: Tensor | None) -> tuple[Tensor, Tensor | None]:
        assert audio is not None
        return torch.full_like(video, value), torch.full_like(audio, value)

    return velocity


def _distilled(velocity: Velocity, seed: int = 1, sound: bool = True, **how: object) -> Latents:
    noise = Noise(seed)
    start = noise.draw(VIDEO, AUDIO if sound else None)
    return sample_distilled(velocity, start, noise, **how)  # type: ignore[arg-type]  # passed through


def _base(velocity: Velocity, seed: int = 1, sound: bool = True, **how: object) -> Latents:
    start = Noise(seed).draw(VIDEO, AUDIO if sound else None)
    return sample_base(velocity, velocity, start, **{"steps": 3, **how})  # type: ignore[arg-type]  # passed through


both = pytest.mark.parametrize("sample", [_distilled, _base])


@pytest.mark.parametrize(
    ("steps", "levels"),
    [
        (5, [0.999800, 0.952154, 0.882093, 0.768935, 0.555247, 0]),
        (8, [0.999800, 0.972006, 0.937265, 0.892602, 0.833055, 0.749700, 0.624687, 0.416389, 0]),
    ],
)
def test_noise_levels_are_those_of_the_specification(steps: int, levels: list[float]) -> None:
    assert [round(level, 6) for level in noise_levels(steps)] == levels


def test_fewer_steps_run_on_the_same_grid() -> None:
    eight = noise_levels(8)

    assert noise_levels(4) == pytest.approx([*eight[:-1:2], 0])
    assert noise_levels(2) == pytest.approx([*eight[:-1:4], 0])


def test_no_steps_are_refused() -> None:
    with pytest.raises(ValueError, match="steps must be 1 or more; got 0"):
        noise_levels(0)


@pytest.mark.parametrize(
    "samples",
    [
        [0.964266, 0.913458, 0.835426, 0.698824, 0.366002],
        [0.979155, 0.953628, 0.921564, 0.879819, 0.823387, 0.743027, 0.620402, 0.387140],
    ],
)
def test_the_solver_goes_the_way_of_the_specification(samples: list[float]) -> None:
    seen: list[float] = []

    def velocity(x: Latents, _: float) -> Latents:
        seen.append(x.video.item())
        return Latents(0.5 * x.video + 0.25, None)

    start = Latents(torch.ones(1, dtype=torch.float64), None)
    end = solve(velocity, start, steps=len(samples), conditioning=Conditioning())

    assert [*seen[1:], end.video.item()] == pytest.approx(samples, abs=1e-6)


@pytest.mark.parametrize("steps", [1, 2, 8, 32])
def test_the_solver_is_exact_where_the_velocity_is_constant(steps: int) -> None:
    start = Latents(torch.tensor([2.0], dtype=torch.float64), None)

    end = solve(
        lambda x, _: Latents(torch.full_like(x.video, 0.5), None),
        start,
        steps=steps,
        conditioning=Conditioning(),
    )

    assert end.video.item() == pytest.approx(2.0 - 0.5 * noise_levels(steps)[0])


def test_the_distilled_sampler_noises_its_estimate_anew() -> None:
    """Without velocity the estimate is the sample itself, so that the result is a mixture of the noises."""
    end = _distilled(_everywhere(0.0), steps=2)

    noise = Noise(1)
    first, second = noise.draw(VIDEO, AUDIO), noise.draw(VIDEO, AUDIO)
    level = noise_levels(2)[1]
    torch.testing.assert_close(end.video, (1 - level) * first.video + level * second.video)
    assert end.audio is not None
    assert first.audio is not None
    assert second.audio is not None
    torch.testing.assert_close(end.audio, (1 - level) * first.audio + level * second.audio)


def test_the_last_step_returns_the_estimate_itself() -> None:
    def certain(video: Tensor, audio: Tensor | None) -> tuple[Tensor, Tensor | None]:
        return (video - 3) / noise_levels(1)[0], None

    end = _distilled(certain, sound=False, steps=1)

    torch.testing.assert_close(end.video, torch.full((1, *VIDEO), 3.0))


def test_guidance_pushes_video_less_once_half_the_noise_is_gone() -> None:
    """If the prompt's velocity is 1 and the negative prompt's 0, the guided velocity is the scale."""
    start = Noise(1).draw((1, 1, 2, 2), (3, 1))
    end = sample_base(_everywhere(1.0), _everywhere(0.0), start, steps=32)

    levels = noise_levels(32)
    early, late = levels[0] - levels[27], levels[27]
    assert levels[27] * 1000 < 500 < levels[26] * 1000
    assert end.audio is not None
    assert start.audio is not None
    torch.testing.assert_close(end.audio, start.audio - 5 * levels[0], atol=1e-4, rtol=0)
    moved = (start.video - end.video).mean().item()
    assert moved == pytest.approx(5 * early + 2 * late, abs=0.15)


@both
def test_a_seed_gives_the_same_bits_and_another_seed_other_ones(sample: Sample) -> None:
    network = _network()

    once, again, other = sample(network), sample(network), sample(network, seed=2)

    assert once.video.equal(again.video)
    assert once.audio is not None
    assert again.audio is not None
    assert once.audio.equal(again.audio)
    assert not once.video.equal(other.video)
    assert once.video.isfinite().all()


@both
def test_without_audio_tokens_no_audio_comes_out(sample: Sample) -> None:
    end = sample(_network(), sound=False)

    assert end.audio is None
    assert end.video.shape == (1, *VIDEO)


@both
def test_the_first_frame_is_kept_and_seen_clean_at_every_step(sample: Sample) -> None:
    frame = hashed_input(7, 1, 48, 1, 4, 6)
    network = _network()

    def watching(video: Tensor, audio: Tensor | None) -> tuple[Tensor, Tensor | None]:
        assert video[:, :, :1].equal(frame)
        return network(video, audio)

    end = sample(watching, conditioning=Conditioning(first_frame=frame))

    assert end.video[:, :, :1].equal(frame)
    assert not end.video[:, :, 1:2].equal(frame)


@both
def test_a_given_sound_track_is_kept_and_seen_clean_at_every_step(sample: Sample) -> None:
    track = hashed_input(8, 1, *AUDIO)
    network = _network()

    def watching(video: Tensor, audio: Tensor | None) -> tuple[Tensor, Tensor | None]:
        assert audio is not None
        assert audio.equal(track)
        return network(video, audio)

    end = sample(watching, conditioning=Conditioning(audio=track))

    assert end.audio is not None
    assert end.audio.equal(track)


@pytest.mark.parametrize("sound", [True, False])
def test_a_sound_track_of_another_length_is_refused(sound: bool) -> None:
    with pytest.raises(ValueError, match=r"The given audio must have the shape .*; got \(1, 10, 64\)"):
        _distilled(_towards(0.0), sound=sound, conditioning=Conditioning(audio=torch.zeros(1, 10, 64)))


@both
def test_every_step_is_told(sample: Sample) -> None:
    told: list[tuple[int, int]] = []

    sample(_towards(0.0), steps=4, on_step=lambda done, steps: told.append((done, steps)))

    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_the_picture_starts_from_the_same_noise_with_and_without_sound() -> None:
    noise, silent = Noise(5), Noise(5)

    for _ in range(2):
        assert noise.draw(VIDEO, AUDIO).video.equal(silent.draw(VIDEO, None).video)


def test_each_sample_of_a_batch_has_the_noise_of_its_seed() -> None:
    both = Noise(3, 4).draw(VIDEO, AUDIO)

    for n, seed in enumerate((3, 4)):
        alone = Noise(seed).draw(VIDEO, AUDIO)
        assert both.video[n : n + 1].equal(alone.video)
        assert both.audio is not None
        assert alone.audio is not None
        assert both.audio[n : n + 1].equal(alone.audio)


def test_noise_is_standard_and_its_streams_are_unrelated() -> None:
    video, audio = Noise(0).draw((48, 8, 16, 16), (48, 8 * 16 * 16))

    assert audio is not None
    assert video.std().item() == pytest.approx(1, abs=0.02)
    assert abs((video.flatten() * audio.flatten()).mean().item()) < 0.02
