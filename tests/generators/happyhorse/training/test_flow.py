from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest
import torch
from torch import Generator, Tensor

from generators.happyhorse.sampling.preconditioning import Variances
from generators.happyhorse.sampling.samplers import noise_levels
from generators.happyhorse.toy.model import ToyModel
from generators.happyhorse.training.cache import EncodedBatch
from generators.happyhorse.training.flow import (
    QUARTERS,
    Errors,
    Mixture,
    NoisePlan,
    draw_levels,
    draw_plan,
    draw_task,
    errors,
    for_frames,
    learning_curve,
    make_task,
    mix,
    shifted,
)
from tests.factories_training import SMALL, FixedClips

CLEAN = FixedClips(16).latents
UNIT = ToyModel(SMALL).variances
PLAIN = Mixture(
    video_only=0, video_to_audio=0, separate_audio_noise=0, unprompted=0, first_frame=0, per_frame_noise=0
)


@cache
def _plans() -> list[NoisePlan]:
    generator = Generator().manual_seed(1)
    return [draw_plan(4, 3, generator) for _ in range(4000)]


def test_batches_come_in_all_modes_in_their_shares() -> None:
    plans = _plans()

    def share(claim: list[bool]) -> float:
        return sum(claim) / len(claim)

    assert share([not plan.sounds for plan in plans]) == pytest.approx(0.2, abs=0.02)
    assert share([plan.video_to_audio for plan in plans]) == pytest.approx(0.1, abs=0.02)
    assert share([not plan.prompted for plan in plans]) == pytest.approx(0.1, abs=0.02)
    pictures = [plan.video_level for plan in plans if not plan.video_to_audio]
    first_frame = torch.stack([level[:, 0] == 0 for level in pictures]).float()
    assert first_frame.mean().item() == pytest.approx(0.35, abs=0.02)
    per_frame_noise = [not level[:, 1].equal(level[:, 2]) for level in pictures]
    assert share(per_frame_noise) == pytest.approx(0.3, abs=0.02)
    even = [
        plan
        for plan, own in zip([p for p in plans if not p.video_to_audio], per_frame_noise, strict=True)
        if not own
    ]
    separate_audio_noise = [not plan.audio_level.equal(plan.video_level[:, 1]) for plan in even]
    assert share(separate_audio_noise) == pytest.approx(0.2, abs=0.02)


def test_only_the_first_frame_is_ever_given_alone() -> None:
    levels = torch.cat([plan.video_level for plan in _plans() if not plan.video_to_audio])
    assert (levels[:, 1:] > 0).all()


def test_a_picture_is_never_given_without_sound_to_learn() -> None:
    assert all(plan.sounds for plan in _plans() if plan.video_to_audio)


def test_levels_are_logit_normal_with_a_share_as_the_samplers_grid() -> None:
    generator = Generator().manual_seed(2)
    alone = draw_levels(20_000, generator, Mixture(on_grid=0))
    grid = draw_levels(20_000, generator, Mixture(on_grid=1))

    assert alone.logit().mean().item() == pytest.approx(0.4, abs=0.03)
    assert alone.logit().std().item() == pytest.approx(1.0, abs=0.03)
    assert grid.median().item() == pytest.approx(5 * 0.5 / 3, abs=0.01)


def test_what_is_left_out_is_not_there() -> None:
    video_only = draw_task(CLEAN, UNIT, Generator().manual_seed(0), Mixture(video_only=1, unprompted=1))
    joint = draw_task(CLEAN, UNIT, Generator().manual_seed(0), PLAIN)

    assert video_only.audio is None
    assert video_only.audio_target is None
    assert video_only.words is None
    assert joint.audio is not None
    assert joint.words is not None
    assert (joint.plan.audio_level[:, None] == joint.plan.video_level).all()


def test_a_given_picture_is_clean_and_only_sound_is_learnt() -> None:
    task = draw_task(CLEAN, UNIT, Generator().manual_seed(0), Mixture(video_only=0, video_to_audio=1))
    found = errors(ToyModel(SMALL), task)

    assert task.video.equal(CLEAN.video)
    assert found.video is None
    assert found.audio is not None


def test_a_given_first_frame_is_clean_and_no_part_of_the_loss() -> None:
    task = draw_task(
        CLEAN, UNIT, Generator().manual_seed(0), Mixture(video_only=0, video_to_audio=0, first_frame=1)
    )
    model = ToyModel(SMALL)
    before = errors(model, task)
    task.video_target[:, :, 0] += 100

    assert task.video[:, :, 0].equal(CLEAN.video[:, :, 0])
    assert not task.video[:, :, 1].equal(CLEAN.video[:, :, 1])
    assert before.video is not None
    after = errors(model, task).video
    assert after is not None
    assert after.equal(before.video)


def test_the_error_is_that_of_the_velocity() -> None:
    """A fresh model says F = 0, the Wiener estimate, whose velocity is known."""
    level = torch.linspace(0.1, 0.9, 16)
    variances = Variances(torch.linspace(0.2, 3, 6).reshape(6, 1, 1, 1), torch.ones(16))
    plan = NoisePlan(level[:, None].expand(-1, CLEAN.video.shape[2]), level)
    task = make_task(CLEAN, variances, plan, Generator().manual_seed(3))
    noise = Generator().manual_seed(3)
    video_noise = torch.randn(CLEAN.video.shape, generator=noise)
    sigma = level.reshape(-1, 1, 1, 1, 1)
    power = (1 - sigma) ** 2 * variances.video + sigma**2
    wiener = (task.video - (1 - sigma) * variances.video / power * task.video) / sigma
    expected = (wiener - (video_noise - CLEAN.video)).square().mean(dim=(1, 2, 3, 4))

    found = errors(ToyModel(SMALL, variances), task).video

    assert found is not None
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)


def test_each_frame_may_have_a_level_of_its_own() -> None:
    """The error of a sample is the mean over its frames, each at its level."""
    frames = CLEAN.video.shape[2]
    per_frame_noise = torch.linspace(0.2, 0.8, 16 * frames).reshape(16, frames)
    model = ToyModel(SMALL)

    def error(level: Tensor) -> Tensor:
        plan = NoisePlan(level, torch.full((16,), 0.5))
        found = errors(model, make_task(CLEAN, UNIT, plan, Generator().manual_seed(3))).video
        assert found is not None
        return found

    alone = [per_frame_noise.where(torch.arange(frames) == frame, 0) for frame in range(frames)]
    expected = torch.stack([error(level) for level in alone]).mean(0)
    torch.testing.assert_close(error(per_frame_noise), expected)


def test_a_fresh_models_curve_is_that_of_the_wiener_estimate() -> None:
    wide = FixedClips(64).latents
    curve = learning_curve(ToyModel(SMALL), EncodedBatch(wide.video, wide.audio, wide.words))

    sigma = torch.linspace(0, 1, 4001)
    error = (sigma**2 / ((1 - sigma) ** 2 + sigma**2))[:4000].reshape(4, 1000).mean(1)
    assert curve["video"] == pytest.approx(error.tolist(), abs=0.05)
    assert all(late > early for early, late in zip(curve["audio"], curve["audio"][1:], strict=False))


def test_parts_of_a_task_are_its_samples_in_order() -> None:
    task = draw_task(CLEAN, UNIT, Generator().manual_seed(0), PLAIN)
    parts = [task.part(number, 2) for number in range(2)]

    assert torch.cat([part.video for part in parts]).equal(task.video)
    assert torch.cat([part.plan.video_level for part in parts]).equal(task.plan.video_level)


def _only(**shares: float) -> Mixture:
    """Make a mixture in which nothing else is out of the ordinary."""
    return replace(PLAIN, **shares)


def _plan(mixture: Mixture, seed: int = 0) -> NoisePlan:
    return draw_plan(4, 3, Generator().manual_seed(seed), mixture)


def test_a_plain_batch_has_one_level_for_each_sample() -> None:
    plan = _plan(PLAIN)

    assert plan.sounds
    assert plan.prompted
    assert not plan.video_to_audio
    assert plan.video_level.shape == (4, 3)
    assert (plan.video_level == plan.audio_level[:, None]).all()
    assert len(set(plan.audio_level.tolist())) == 4


def test_a_batch_of_video_alone_has_no_audio_tokens() -> None:
    plan = _plan(_only(video_only=1))

    assert not plan.sounds
    assert not plan.video_to_audio
    assert (plan.video_level > 0).all()


def test_a_batch_of_sound_for_a_given_video_has_noise_in_its_audio_alone() -> None:
    plan = _plan(_only(video_to_audio=1))

    assert plan.sounds
    assert plan.video_to_audio
    assert (plan.video_level == 0).all()
    assert (plan.audio_level > 0).all()


def test_video_alone_comes_before_sound_for_a_given_video() -> None:
    """Both shares are cut from one draw, so they never meet in a batch."""
    both = [_plan(_only(video_only=0.5, video_to_audio=0.5), seed) for seed in range(20)]

    assert all(plan.sounds == plan.video_to_audio for plan in both)
    assert {plan.sounds for plan in both} == {True, False}


def test_separate_audio_noise_leaves_the_videos_level_as_it_is() -> None:
    plain, apart = _plan(PLAIN), _plan(_only(separate_audio_noise=1))

    assert apart.video_level.equal(plain.video_level)
    assert not (apart.audio_level == plain.audio_level).any()


def test_per_frame_noise_leaves_the_audios_level_as_it_is() -> None:
    plain, apart = _plan(PLAIN), _plan(_only(per_frame_noise=1))

    assert apart.audio_level.equal(plain.audio_level)
    assert len(set(apart.video_level.flatten().tolist())) == 12


def test_a_given_first_frame_has_no_noise_and_the_others_keep_theirs() -> None:
    plain, given = _plan(PLAIN), _plan(_only(first_frame=1))

    assert (given.video_level[:, 0] == 0).all()
    assert given.video_level[:, 1:].equal(plain.video_level[:, 1:])


def test_a_batch_without_a_prompt_differs_in_nothing_else() -> None:
    plain, unprompted = _plan(PLAIN), _plan(_only(unprompted=1))

    assert not unprompted.prompted
    assert unprompted.video_level.equal(plain.video_level)


def test_a_change_of_one_share_leaves_all_other_draws_as_they_are() -> None:
    for seed in range(10):
        usual, changed = _plan(Mixture(), seed), _plan(replace(Mixture(), unprompted=0.0), seed)
        assert changed == usual._replace(
            video_level=changed.video_level, audio_level=changed.audio_level, prompted=True
        )
        assert changed.video_level.equal(usual.video_level)
        assert changed.audio_level.equal(usual.audio_level)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([False, True], [[0.5, 0.5, 0.5], [0.0, 0.25, 0.25]]),
        ([0, 1], [[0.5, 0.5, 0.5], [0.0, 0.25, 0.25]]),
        ([2, 3], [[0.0, 0.0, 0.5], [0.0, 0.0, 0.0]]),
    ],
)
def test_so_many_frames_at_the_start_are_given_clean(given: list[int], expected: list[list[float]]) -> None:
    assert for_frames(torch.tensor([0.5, 0.25]), 3, torch.tensor(given)).tolist() == expected


def test_levels_of_frames_are_kept_behind_the_given_ones() -> None:
    levels = torch.tensor([[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]])

    found = for_frames(levels, 3, torch.tensor([0, 2]))

    torch.testing.assert_close(found, torch.tensor([[0.1, 0.2, 0.3], [0.0, 0.0, 0.6]]))


def test_given_frames_at_the_start_are_no_part_of_the_loss() -> None:
    """The error of a sample is the mean over its noisy frames."""
    model, level = ToyModel(SMALL), torch.full((16,), 0.5)
    plan = NoisePlan(for_frames(level, 3, torch.full((16,), 2)), level)
    task = make_task(CLEAN, UNIT, plan, Generator().manual_seed(3))
    before = errors(model, task).video
    task.video_target[:, :, :2] += 100

    after = errors(model, task).video

    assert task.video[:, :, :2].equal(CLEAN.video[:, :, :2])
    assert before is not None
    assert after is not None
    assert after.equal(before)


def test_mixing_is_linear_in_the_level() -> None:
    clean, noise = torch.tensor([[2.0, 4.0], [6.0, 8.0]]), torch.tensor([[10.0, 0.0], [-2.0, 0.0]])

    found = mix(clean, noise, torch.tensor([0.0, 0.25]))

    assert found.tolist() == [[2.0, 4.0], [0.75 * 6 - 0.25 * 2, 0.75 * 8]]


def test_levels_never_reach_the_ends() -> None:
    wild = Mixture(level_mean=0, level_std=100, on_grid=0.5)

    levels = draw_levels(1000, Generator().manual_seed(0), wild)

    assert (levels.min().item(), levels.max().item()) == pytest.approx((1e-3, 0.9998))


def test_the_shift_is_the_samplers() -> None:
    """Even levels become those of the samplers' grid."""
    even = torch.tensor([0.999 * (1 - k / 8) for k in range(8)])

    torch.testing.assert_close(shifted(even), torch.tensor(noise_levels(8)[:-1]))


def test_each_modality_counts_alike_in_the_loss() -> None:
    video, audio = torch.tensor([1.0, 3.0]), torch.tensor([10.0, 20.0])

    assert Errors(video, audio).loss().item() == 2 + 15
    assert Errors(video, None).loss().item() == 2
    assert Errors(None, audio).loss().item() == 15


def test_parts_keep_what_is_left_out_left_out() -> None:
    task = draw_task(CLEAN, UNIT, Generator().manual_seed(0), _only(video_only=1, unprompted=1))

    part = task.part(1, 4)

    assert (part.audio, part.words, part.audio_target) == (None, None, None)
    assert part.video.equal(task.video[4:8])
    assert part.plan.audio_level.equal(task.plan.audio_level[4:8])
    assert not part.plan.sounds


def test_a_learning_curve_is_the_same_every_time_and_leaves_no_gradient() -> None:
    model = ToyModel(SMALL)

    one, other = learning_curve(model, CLEAN), learning_curve(model, CLEAN)

    assert one == other
    assert list(one) == ["video", "audio"]
    assert all(len(curve) == QUARTERS for curve in one.values())
    assert all(parameter.grad is None for parameter in model.parameters())
