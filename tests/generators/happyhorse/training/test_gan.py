from __future__ import annotations

import math

import pytest
import torch
from torch import nn
from torch.nn import functional

from generators.happyhorse.sampling.latents import Latents
from generators.happyhorse.toy.model import ToyModel
from generators.happyhorse.training.gan import Critic, CriticOptimiser, head_of
from tests.factories_training import SMALL, FixedClips

CLIPS = FixedClips(4).latents
X = Latents(CLIPS.video, CLIPS.audio)


@pytest.fixture
def network() -> ToyModel:
    torch.manual_seed(0)
    return ToyModel(SMALL)


def test_there_is_one_score_for_each_sample_whether_it_sounds_or_not(network: ToyModel) -> None:
    critic = head_of(network)

    assert critic(network, X, CLIPS.words).shape == (4,)
    assert critic(network, Latents(CLIPS.video, None), CLIPS.words).shape == (4,)


def test_a_score_depends_on_its_own_sample_alone(network: ToyModel) -> None:
    critic = head_of(network)
    together = critic(network, X, CLIPS.words)
    alone = critic(network, Latents(CLIPS.video[2:3], CLIPS.audio[2:3]), CLIPS.words[2:3])

    torch.testing.assert_close(together[2:3], alone)


def test_gradients_reach_the_clips_and_the_head(network: ToyModel) -> None:
    critic, video = head_of(network), CLIPS.video.clone().requires_grad_(True)

    torch.autograd.backward(critic(network, Latents(video, CLIPS.audio), CLIPS.words).sum())

    assert video.grad is not None
    assert video.grad.abs().max() > 0
    assert all(weight.grad is not None for weight in critic.parameters())


def test_the_network_is_left_without_a_hook(network: ToyModel) -> None:
    critic = head_of(network)
    last = list(network.transformer.layers)[-1]

    critic(network, X, CLIPS.words)
    with pytest.raises(RuntimeError):
        critic(network, Latents(CLIPS.video[:, :3], CLIPS.audio), CLIPS.words)  # too few channels

    assert len(last._forward_hooks) == 0


def test_a_head_follows_from_its_seed_and_leaves_the_global_generator_alone(network: ToyModel) -> None:
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)

    one, same, other = head_of(network, 0), head_of(network, 0), head_of(network, 1)

    assert torch.rand(1).equal(expected)
    weights = [nn.utils.parameters_to_vector(head.parameters()) for head in (one, same, other)]
    assert weights[0].equal(weights[1])
    assert not weights[0].equal(weights[2])


def test_a_critic_learns_to_tell_clips_apart(network: ToyModel) -> None:
    critic = head_of(network)
    optimiser = CriticOptimiser(critic, 3e-2)
    noise = torch.randn(CLIPS.video.shape, generator=torch.Generator().manual_seed(3))
    made = Latents(3 * noise, CLIPS.audio)

    for _ in range(10):
        real_score, made_score = critic(network, X, CLIPS.words), critic(network, made, CLIPS.words)
        loss = functional.softplus(made_score).mean() + functional.softplus(-real_score).mean()
        torch.autograd.backward(loss)
        optimiser.step(0.0)

    assert critic(network, X, CLIPS.words).min() > critic(network, made, CLIPS.words).max()


def test_a_step_is_adams_at_a_constant_rate_and_returns_the_norm() -> None:
    """Adam's first step is the rate in every number; weight decay takes off a hundredth of it."""
    critic = Critic(4)
    optimiser = CriticOptimiser(critic, 1e-3)
    before = [weight.detach().clone() for weight in critic.parameters()]
    for weight in critic.parameters():
        weight.grad = torch.ones_like(weight)

    norm = optimiser.step(0.99)

    count = sum(weight.numel() for weight in critic.parameters())
    assert norm == pytest.approx(math.sqrt(count))
    for old, new in zip(before, critic.parameters(), strict=True):
        torch.testing.assert_close(new.detach(), old * (1 - 1e-5) - 1e-3)
        assert new.grad is None


def test_clearing_leaves_the_weights_alone() -> None:
    critic = Critic(4)
    optimiser = CriticOptimiser(critic, 1e-3)
    before = [weight.clone() for weight in optimiser.full()]
    for clear in (optimiser.clear, optimiser.publish):
        for weight in critic.parameters():
            weight.grad = torch.ones_like(weight)
        clear()
        assert all(weight.grad is None for weight in critic.parameters())
    assert all(one.equal(other) for one, other in zip(before, optimiser.full(), strict=True))
