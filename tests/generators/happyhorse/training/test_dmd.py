from __future__ import annotations

import copy
import math
from dataclasses import replace
from typing import Any, cast

import pytest
import torch
from torch import Generator, Tensor

from generators.happyhorse.sampling.latents import Conditioning, Latents, Noise
from generators.happyhorse.sampling.preconditioning import Preconditioned
from generators.happyhorse.sampling.samplers import Velocity, noise_levels, sample_distilled
from generators.happyhorse.toy.model import ToyModel
from generators.happyhorse.training.cache import EncodedBatch
from generators.happyhorse.training.distill_step import Loss
from generators.happyhorse.training.dmd import (
    Networks,
    Recipe,
    Rollout,
    direction,
    draw_level,
    draw_rollout,
    estimate,
    fake_loss,
    guided,
    match_loss,
    noise_like,
    noised,
    roll_out,
    student_loss,
    warm_loss,
)
from generators.happyhorse.training.gan import head_of
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


def test_a_silent_rollout_has_no_sound_and_a_started_one_a_frame() -> None:
    silent = draw_rollout(CLIPS.latents, Generator().manual_seed(0), Recipe(silent=1, started=0))
    started = draw_rollout(CLIPS.latents, Generator().manual_seed(0), Recipe(silent=0, started=1))

    assert silent.start.audio is None
    assert silent.conditioning == Conditioning()
    assert started.start.audio is not None
    assert started.conditioning.first_frame is not None


class _Scaling:
    """Stand-in for a network: its velocity is `prompted` times its input, or `without` times it."""

    def __init__(self, prompted: Tensor | float, without: float = 0.0) -> None:
        self.prompted, self.without = prompted, without

    def bound(self, words: Tensor | None) -> Velocity:
        scale = self.without if words is None else self.prompted
        return lambda video, audio: (scale * video, None if audio is None else scale * audio)


def _model(prompted: Tensor | float, without: float = 0.0) -> ToyModel:
    return cast(ToyModel, _Scaling(prompted, without))


ONE_NUMBER = EncodedBatch(
    torch.full((1, 1, 1, 1, 1), 3.0), torch.full((1, 1, 1), -2.0), torch.zeros(1, 1).long()
)
NOTHING_GIVEN = Recipe(steps=2, silent=0.0, started=0.0)


def _one_number(recipe: Recipe = NOTHING_GIVEN) -> Rollout:
    return draw_rollout(ONE_NUMBER, Generator().manual_seed(0), recipe)


def test_an_estimate_is_x_minus_sigma_times_the_velocity() -> None:
    x = Latents(torch.full((1, 1, 1, 1, 1), 4.0), torch.full((1, 1, 1), 8.0))

    found = estimate(cast(Preconditioned, _Scaling(0.5).bound(torch.zeros(1, 1))), x, torch.tensor([0.25]))

    assert found.video.item() == 4 - 0.25 * 0.5 * 4
    assert found.audio is not None
    assert found.audio.item() == 8 - 0.25 * 0.5 * 8


def test_guidance_is_the_one_worked_by_hand() -> None:
    """Without a prompt the estimate is x; with it (1 − σ)·x; at scale 2 that is x − 2·σ·x."""
    x = Latents(torch.full((1, 1, 1, 1, 1), 4.0), None)

    found = guided(_model(1.0), ONE_NUMBER.words, x, torch.tensor([0.25]), 2.0)

    assert found.video.item() == pytest.approx(4 - 2 * 0.25 * 4)
    assert found.audio is None


def test_a_rollout_of_two_steps_is_the_one_worked_by_hand() -> None:
    """With v = x a clean estimate is (1 − σ)·x, and the second step starts from it with fresh noise."""
    rollout, recipe = _one_number(), NOTHING_GIVEN
    first, second = noise_levels(2)[:2]
    seed = next(
        seed
        for seed in range(20)
        if torch.randint(2, (), generator=Generator().manual_seed(seed)).item() == 1
    )
    draws = Generator().manual_seed(seed)
    torch.randint(2, (), generator=draws)
    fresh_video, fresh_audio = (torch.randn(1, generator=draws).item() for _ in range(2))

    made = roll_out(_model(1.0), rollout, Generator().manual_seed(seed), recipe)

    def by_hand(start: float, fresh: float) -> float:
        clean = (1 - first) * start
        x = (1 - second) * clean + second * fresh
        return (1 - second) * x

    assert rollout.start.audio is not None
    assert made.audio is not None
    assert made.video.item() == pytest.approx(by_hand(rollout.start.video.item(), fresh_video), rel=1e-5)
    assert made.audio.item() == pytest.approx(by_hand(rollout.start.audio.item(), fresh_audio), rel=1e-5)


def test_only_the_last_step_of_a_rollout_has_a_gradient() -> None:
    """The clip is (1 − σ₁·s)·x with a fixed x, so its derivative by s is −σ₁·x."""
    scale, recipe, second = torch.ones((), requires_grad=True), NOTHING_GIVEN, noise_levels(2)[1]
    seed = next(
        seed
        for seed in range(20)
        if torch.randint(2, (), generator=Generator().manual_seed(seed)).item() == 1
    )

    made = roll_out(_model(scale), _one_number(), Generator().manual_seed(seed), recipe).video
    torch.autograd.backward(made.sum())

    assert scale.grad is not None
    x = made.item() / (1 - second)
    assert scale.grad.item() == pytest.approx(-second * x, rel=1e-4)


def test_the_students_gradient_is_the_one_worked_by_hand() -> None:
    """One step, one silent number: made = (1 − σ₀·s)·start, so d made/ds = −σ₀·start.

    The fake network leaves the noisy x as it is, and the guided teacher says (1 − 2·σ)·x.
    """
    recipe = Recipe(steps=1, silent=1.0, started=0.0)
    rollout, scale, first = _one_number(recipe), torch.full((), 0.5, requires_grad=True), noise_levels(1)[0]
    nets = Networks(student=_model(scale), fake=_model(0.0), teacher=_model(1.0))

    loss = student_loss(nets, rollout, Generator().manual_seed(3), recipe)
    torch.autograd.backward(loss)

    draws = Generator().manual_seed(3)
    torch.randint(1, (), generator=draws)
    level = draw_level(1, draws, recipe).item()
    noise, start = torch.randn(1, generator=draws).item(), rollout.start.video.item()
    made = (1 - first * 0.5) * start
    x = (1 - level) * made + level * noise
    along = (x - (1 - 2 * level) * x) / abs(made - (1 - 2 * level) * x)
    assert loss.item() == pytest.approx(0.5 * along**2, rel=1e-4)
    assert scale.grad is not None
    assert scale.grad.item() == pytest.approx(along * -first * start, rel=1e-4)


def test_the_fake_network_learns_the_students_clips_and_no_real_ones(base: ToyModel) -> None:
    nets, others = _networks(base), FixedClips(seed=7).latents
    rollout = draw_rollout(CLIPS.latents, Generator().manual_seed(0), ALWAYS)
    elsewhere = replace(rollout, real=others)

    one, other = (fake_loss(nets, each, Generator().manual_seed(1), ALWAYS) for each in (rollout, elsewhere))

    assert one.equal(other)


def test_a_given_first_frame_is_kept_in_the_students_clips() -> None:
    """The student would scale it; the frame that was given stands in its place, and has no gradient."""
    recipe, scale = Recipe(steps=1, silent=1.0, started=1.0), torch.ones((), requires_grad=True)
    rollout = draw_rollout(CLIPS.latents, Generator().manual_seed(0), recipe)

    made = roll_out(_model(scale), rollout, Generator().manual_seed(1), recipe)

    assert made.video[:, :, 0].equal(CLIPS.latents.video[:, :, 0])
    (gradient,) = torch.autograd.grad(made.video[:, :, 0].sum(), scale)
    assert gradient.item() == 0


@pytest.mark.parametrize("silent", [0.0, 1.0])
def test_a_critic_adds_its_loss_to_both(base: ToyModel, silent: float) -> None:
    """A head that says 0 of everything costs softplus(0) = ln 2 for each of its questions."""
    plain, gan = Recipe(steps=2, silent=silent), Recipe(steps=2, silent=silent, gan=0.5)
    nets = _networks(base)
    head = head_of(base)
    for weight in head.judge[-1].parameters():
        torch.nn.init.zeros_(weight)
    rollout = draw_rollout(CLIPS.latents, Generator().manual_seed(0), plain)

    def added(loss: Loss) -> float:
        without = loss(nets, rollout, Generator().manual_seed(1), plain)
        return (loss(replace(nets, critic=head), rollout, Generator().manual_seed(1), gan) - without).item()

    assert added(student_loss) == pytest.approx(0.5 * math.log(2), rel=1e-3)
    assert added(fake_loss) == pytest.approx(0.5 * 2 * math.log(2), rel=1e-3)


def test_left_out_audio_stays_left_out() -> None:
    silent = Latents(torch.ones(1, 1, 1, 1, 1), None)

    assert noise_like(silent, Generator().manual_seed(0)).audio is None
    assert noised(silent, silent, 0.3).audio is None
    assert noised(silent, silent, 0.3).video.item() == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"steps": 0}, "steps must be a whole number from 1 to 1000; got 0."),
        ({"warm_up": -1}, "warm-up must be a whole number from 0"),
        ({"ratio": 0}, "ratio must be a whole number from 1"),
        ({"gan": -0.1}, "gan must be 0 or a positive number; got -0.1."),
        ({"gan": math.nan}, "gan must be 0 or a positive number; got nan."),
        ({"silent": 1.1}, "silent must be from 0 to 1; got 1.1."),
    ],
)
def test_a_recipe_out_of_range_is_refused(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Recipe(**wrong)
