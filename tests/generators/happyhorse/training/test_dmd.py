from __future__ import annotations

import copy

import pytest
import torch
from torch import Generator, Tensor

from generators.happyhorse.sampling.latents import Conditioning, Latents, Noise
from generators.happyhorse.sampling.samplers import sample_distilled
from generators.happyhorse.toy.model import ToyModel
from generators.happyhorse.training.dmd import (
    Networks,
    Recipe,
    direction,
    draw_level,
    draw_rollout,
    fake_loss,
    guided,
    match_loss,
    roll_out,
    student_loss,
    warm_loss,
)
from tests.factories_training import FixedClips, small_run, take

CLIPS = FixedClips()
ALWAYS = Recipe(steps=2, silent=0.0, started=0.0)


@pytest.fixture(scope="module")
def base() -> ToyModel:
    return take(small_run(), CLIPS, 4).mean_model()


def _networks(base: ToyModel) -> Networks:
    return Networks(copy.deepcopy(base), copy.deepcopy(base), copy.deepcopy(base))


def test_the_direction_is_the_one_worked_by_hand() -> None:
    """Made (1, 3), the fake's estimate (2, 0), the teacher's (0, 1): |made − wanted| is 1.5 on average."""
    made = torch.tensor([[1.0, 3.0]], requires_grad=True)
    along = direction(made.detach(), torch.tensor([[2.0, 0.0]]), torch.tensor([[0.0, 1.0]]))

    torch.autograd.backward(match_loss(made, along))

    torch.testing.assert_close(along, torch.tensor([[4 / 3, -2 / 3]]))
    torch.testing.assert_close(made.grad, torch.tensor([[2 / 3, -1 / 3]]))


def test_each_sample_has_its_own_scale_and_none_blows_up() -> None:
    made, wanted = torch.tensor([[1.0, 1.0], [10.0, 10.0], [5.0, 5.0]]), torch.tensor([[0.0], [0.0], [5.0]])
    own = wanted + 1

    found = direction(made, own.expand(3, 2), wanted.expand(3, 2))

    torch.testing.assert_close(found, torch.tensor([[1.0, 1.0], [0.1, 0.1], [0.0, 0.0]]))


def test_two_scores_that_agree_leave_the_student_alone(base: ToyModel) -> None:
    nets, generator = _networks(base), Generator().manual_seed(0)
    rollout = draw_rollout(CLIPS.latents, generator, ALWAYS)

    torch.autograd.backward(student_loss(nets, rollout, generator, Recipe(steps=2, guidance=1.0)))

    gradients = [p.grad for p in nets.student.parameters() if p.grad is not None]
    assert max(gradient.abs().max().item() for gradient in gradients) < 1e-7


def test_only_the_student_learns_of_its_loss_and_only_the_fake_of_its_own(base: ToyModel) -> None:
    nets, generator = _networks(base), Generator().manual_seed(0)
    nets.teacher.requires_grad_(False)
    rollout = draw_rollout(CLIPS.latents, generator, ALWAYS)

    torch.autograd.backward(student_loss(nets, rollout, generator, ALWAYS))
    assert any(p.grad is not None and p.grad.abs().max() > 0 for p in nets.student.parameters())
    assert all(p.grad is None for p in nets.fake.parameters())

    nets.student.zero_grad()
    torch.autograd.backward(fake_loss(nets, rollout, generator, ALWAYS))
    assert any(p.grad is not None and p.grad.abs().max() > 0 for p in nets.fake.parameters())
    assert all(p.grad is None for p in nets.student.parameters())


def test_a_rollout_is_what_the_sampler_makes(base: ToyModel) -> None:
    """With one step there is nothing to draw: the student's estimate is the sampler's clip."""
    generator = Generator().manual_seed(0)
    rollout = draw_rollout(CLIPS.latents, generator, Recipe(steps=1, silent=0, started=1))
    made = roll_out(base, rollout, generator, Recipe(steps=1))

    sampled = sample_distilled(
        base.bound(rollout.words), rollout.start, Noise(*range(8)), steps=1, conditioning=rollout.conditioning
    )

    torch.testing.assert_close(made.video, sampled.video)
    torch.testing.assert_close(made.audio, sampled.audio)
    assert made.video[:, :, 0].equal(CLIPS.latents.video[:, :, 0])


def test_guidance_pushes_away_from_no_prompt(base: ToyModel) -> None:
    x, level = Latents(CLIPS.latents.video, CLIPS.latents.audio), torch.full((8,), 0.5)

    def at(guidance: float) -> Tensor:
        return guided(base, CLIPS.latents.words, x, level, guidance).video.detach()

    torch.testing.assert_close(at(2.0) - at(1.0), at(1.0) - at(0.0), rtol=1e-3, atol=1e-5)
    assert not at(1.0).equal(at(0.0))


def test_warming_up_teaches_the_guided_estimate(base: ToyModel) -> None:
    nets = _networks(base)
    rollout = draw_rollout(CLIPS.latents, Generator().manual_seed(0), ALWAYS)

    def loss(guidance: float) -> Tensor:
        recipe = Recipe(steps=2, guidance=guidance)
        return warm_loss(nets, rollout, Generator().manual_seed(1), recipe)

    assert loss(1.0).item() == pytest.approx(0, abs=1e-8)
    before = loss(2.0)
    torch.autograd.backward(before)
    with torch.no_grad():
        for parameter in nets.student.parameters():
            if parameter.grad is not None:
                parameter.sub_(0.01 * parameter.grad)
    assert 0 < loss(2.0).item() < before.item()
    assert all(parameter.grad is None for parameter in nets.teacher.parameters())


def test_levels_stay_where_scores_are_known() -> None:
    level = draw_level(4000, Generator().manual_seed(0), Recipe())

    assert level.min() >= 0.02
    assert level.max() <= 0.98


def test_a_silent_scene_has_no_sound_and_a_started_one_a_frame() -> None:
    silent = draw_rollout(CLIPS.latents, Generator().manual_seed(0), Recipe(silent=1, started=0))
    started = draw_rollout(CLIPS.latents, Generator().manual_seed(0), Recipe(silent=0, started=1))

    assert silent.start.audio is None
    assert silent.conditioning == Conditioning()
    assert started.start.audio is not None
    assert started.conditioning.first_frame is not None
