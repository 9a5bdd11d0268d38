from __future__ import annotations

import pytest
import torch

from generators.happyhorse.toy.model import ToyModel
from generators.happyhorse.training.ema import Average
from tests.factories_training import SMALL


def test_the_mean_of_weights_follows_them() -> None:
    weights = [torch.zeros(3)]
    average = Average(weights, decay=0.9)
    weights[0] += 1

    for _ in range(200):
        average.update(weights)

    torch.testing.assert_close(average.weights[0], torch.ones(3))


def test_the_first_updates_are_those_worked_by_hand() -> None:
    """The decay at step n is (1 + n)/(10 + n): 2/11, then 3/12."""
    average = Average([torch.zeros(1)], decay=0.999)

    average.update([torch.ones(1)])
    assert average.weights[0].item() == pytest.approx(1 - 2 / 11)

    average.update([torch.ones(1)])
    assert average.weights[0].item() == pytest.approx(1 - 2 / 11 * 3 / 12)


def test_the_decay_never_exceeds_the_one_asked_for() -> None:
    average = Average([torch.zeros(1)], decay=0.1)

    average.update([torch.ones(1)])

    assert average.weights[0].item() == pytest.approx(0.9)


def test_without_decay_the_mean_is_the_last_weights() -> None:
    average = Average([torch.zeros(2)], decay=0.0)
    average.update([torch.tensor([3.0, 4.0])])
    assert average.weights[0].tolist() == [3.0, 4.0]


def test_the_weights_it_starts_from_are_copied() -> None:
    weights = [torch.zeros(2)]
    average = Average(weights)

    weights[0] += 1

    assert average.weights[0].tolist() == [0, 0]


def test_it_makes_a_model_of_its_own_that_is_ready_to_sample() -> None:
    torch.manual_seed(0)
    model = ToyModel(SMALL).train()
    average = Average(list(model.parameters()))

    mean = average.model(model)

    assert not mean.training
    assert mean.config == model.config
    for one, other in zip(mean.parameters(), model.parameters(), strict=True):
        assert one.equal(other)
        assert one.data_ptr() != other.data_ptr()
    for wanted, found in zip(model.variances, mean.variances, strict=True):
        assert wanted.equal(found)
