from __future__ import annotations

from pathlib import Path

import pytest
from torch import Generator

from generators.happyhorse.toy.model import BASE, load_model, save_model
from generators.happyhorse.training.flow import draw_task, errors
from tests.factories_training import SMALL, FixedClips, small_run, take

CLIPS = FixedClips()


@pytest.mark.slow
def test_steps_lower_the_loss_on_a_fixed_batch() -> None:
    run = small_run()
    task = draw_task(CLIPS.latents, run.step.model.variances, Generator().manual_seed(9))
    before = errors(run.step.model, task).loss().item()

    take(run, CLIPS, 15)

    assert errors(run.step.model, task).loss().item() < 0.95 * before


def test_a_resumed_run_equals_an_uninterrupted_one_to_the_bit(tmp_path: Path) -> None:
    whole = take(small_run(), CLIPS, 4)
    take(small_run(), CLIPS, 2).save(tmp_path)

    resumed = small_run(weights=5)  # other weights, which the state replaces
    resumed.load(tmp_path)
    take(resumed, CLIPS, 2)

    assert resumed.steps == whole.steps
    for one, other in zip(resumed.weights(), whole.weights(), strict=True):
        assert one.equal(other)
    for one, other in zip(resumed.average.weights, whole.average.weights, strict=True):
        assert one.equal(other)


def test_a_run_with_other_settings_is_not_resumed(tmp_path: Path) -> None:
    small_run().save(tmp_path)

    with pytest.raises(ValueError, match="Go on with its settings"):
        small_run(batch=4).load(tmp_path)


def test_a_run_can_be_made_longer_but_not_shorter(tmp_path: Path) -> None:
    take(small_run(), CLIPS, 3).save(tmp_path)
    samples = small_run().settings.samples

    longer = small_run(samples=2 * samples)
    longer.load(tmp_path)

    assert (longer.steps, longer.done) == (3, longer.samples / (2 * samples))
    with pytest.raises(ValueError, match="at most with more samples"):
        small_run(samples=samples - 1).load(tmp_path)


def test_two_runs_of_one_seed_are_alike_and_another_differs() -> None:
    one, same, other = (take(small_run(**how), CLIPS, 2) for how in ({}, {}, {"seed": 1}))

    weights = [run.weights()[0] for run in (one, same, other)]
    assert weights[0].equal(weights[1])
    assert not weights[0].equal(weights[2])


def test_every_weight_is_moved() -> None:
    run = small_run()
    before = [weight.clone() for weight in run.weights()]
    names = [name for name, _ in run.step.model.named_parameters()]

    take(run, CLIPS, 15)

    still = [n for n, a, b in zip(names, before, run.weights(), strict=True) if a.equal(b)]
    assert still == []


def test_a_saved_model_comes_back_with_its_kind(tmp_path: Path) -> None:
    model = take(small_run(), CLIPS, 2).mean_model()
    save_model(model, BASE, tmp_path / "base.safetensors", samples=16)

    loaded, kind = load_model(tmp_path / "base.safetensors")

    assert kind == BASE
    assert loaded.config == SMALL
    for one, other in zip(model.parameters(), loaded.parameters(), strict=True):
        assert one.equal(other)
