from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Generator

from generators.happyhorse.toy.model import BASE, ToyModel, load_model, save_model
from generators.happyhorse.training.flow import draw_task, errors
from generators.happyhorse.training.flow_step import FlowStep
from generators.happyhorse.training.processes import Processes
from generators.happyhorse.training.run import Run, Settings, arithmetic, choose, drawing
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


def test_a_state_without_the_averages_steps_is_read(tmp_path: Path) -> None:
    """Earlier versions of flow training didn't write them, as they average at every step."""
    whole = take(small_run(), CLIPS, 3)
    take(small_run(), CLIPS, 2).save(tmp_path)
    state = torch.load(tmp_path / "state.pt", weights_only=True)
    assert state.pop("averaged") == 2
    assert list(state) == ["settings", "steps", "weights", "optimisers", "average"]
    torch.save(state, tmp_path / "state.pt")

    resumed = small_run()
    resumed.load(tmp_path)
    take(resumed, CLIPS, 1)

    assert resumed.average.steps == 3
    for one, other in zip(resumed.average.weights, whole.average.weights, strict=True):
        assert one.equal(other)


def test_a_damaged_state_or_another_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "state.pt").write_bytes(b"half a file")
    with pytest.raises(ValueError, match=r"state\.pt is damaged\. Delete it to begin again"):
        small_run().load(tmp_path)

    torch.save({"weights": []}, tmp_path / "state.pt")
    with pytest.raises(ValueError, match="must be a state of this version"):
        small_run().load(tmp_path)


def test_a_refused_state_leaves_the_run_as_it_was(tmp_path: Path) -> None:
    take(small_run(batch=4), CLIPS, 1).save(tmp_path)
    run = small_run()
    before = [weight.clone() for weight in run.weights()]

    with pytest.raises(ValueError, match="Go on with its settings"):
        run.load(tmp_path)

    assert run.steps == 0
    assert all(one.equal(other) for one, other in zip(before, run.weights(), strict=True))


def test_only_the_first_process_writes(tmp_path: Path) -> None:
    second = Run(FlowStep(ToyModel(SMALL), Processes(1, 2, sharded=False)), Settings(batch=8))

    second.save(tmp_path)

    assert list(tmp_path.iterdir()) == []


def test_a_failed_write_leaves_the_earlier_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = small_run()
    run.save(tmp_path)
    before = (tmp_path / "state.pt").read_bytes()

    def fail(state: object, path: Path) -> None:
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torch, "save", fail)
    with pytest.raises(OSError, match="No space left"):
        take(run, CLIPS, 1).save(tmp_path)

    assert [file.name for file in tmp_path.iterdir()] == ["state.pt"]
    assert (tmp_path / "state.pt").read_bytes() == before


def test_samples_and_share_follow_from_the_steps() -> None:
    run = small_run(samples=80)
    run.steps = 4

    assert (run.samples, run.done) == (32, 0.4)


def test_a_steps_batch_follows_from_seed_and_number() -> None:
    device = torch.device("cpu")

    def words(seed: int, step: int) -> list[int]:
        batch = choose(CLIPS, Settings(batch=6, seed=seed), step, device)
        assert len(batch.video) == 6
        return batch.words.flatten().tolist()

    assert words(0, 3) == words(0, 3)
    assert words(0, 3) != words(0, 4)
    assert words(0, 3) != words(1, 3)


def test_a_steps_draws_follow_from_seed_and_number() -> None:
    device = torch.device("cpu")
    first, same, later, other = (
        torch.rand(4, generator=drawing(seed, step, device))
        for seed, step in ((0, 3), (0, 3), (0, 4), (1, 3))
    )

    assert first.equal(same)
    assert not first.equal(later)
    assert not first.equal(other)


@pytest.mark.parametrize(("bfloat16", "dtype"), [(False, torch.float32), (True, torch.bfloat16)])
def test_a_cpu_computes_in_full_precision_unless_told_otherwise(bfloat16: bool, dtype: torch.dtype) -> None:
    with arithmetic(torch.device("cpu"), bfloat16):
        product = torch.ones(2, 2) @ torch.ones(2, 2)
    assert product.dtype == dtype


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"samples": 0}, "samples must be a whole number from 1 to 1000000000; got 0"),
        ({"samples": -3}, "samples must be a whole number from 1 to 1000000000; got -3"),
        ({"batch": 0}, "batch must be a whole number from 1 to 1000000000; got 0"),
        ({"seed": -1}, "seed must be a whole number from 0 to 9007199254740991; got -1"),
        ({"decay": 1.5}, "decay must be from 0 to 1; got 1.5"),
    ],
)
def test_settings_out_of_range_are_refused(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Settings(**wrong)
