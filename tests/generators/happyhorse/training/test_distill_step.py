from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

import pytest
import torch

from generators.happyhorse.toy.model import ToyModel, load_model
from generators.happyhorse.training.distill_step import GENTLE, DistillStep, begin_distill
from generators.happyhorse.training.dmd import Recipe
from generators.happyhorse.training.loop import Pace, fit
from generators.happyhorse.training.run import Run
from tests.factories_training import FixedClips, small_run, take

CLIPS = FixedClips()
PLAIN = Recipe(steps=2, ratio=2)


@pytest.fixture(scope="module")
def base() -> ToyModel:
    return take(small_run(), CLIPS, 4).mean_model()


def _begin(base: ToyModel, recipe: Recipe = PLAIN, updates: int = 6) -> Run:
    return begin_distill(base, base, recipe, updates=updates, batch=4)


def _nets(run: Run) -> dict[str, list[torch.Tensor]]:
    return {name: [weight.clone() for weight in learner.full()] for name, learner in run.learners.items()}


def test_the_student_moves_at_its_turn_and_the_fake_network_at_every_step(base: ToyModel) -> None:
    step = DistillStep(base, base, Recipe(steps=2, ratio=3))

    moved = [[update.moves for update in step.updates(number)] for number in range(4)]

    both = [("student",), ("fake",)]
    assert moved == [both, [("fake",)], [("fake",)], both]


def test_a_warm_up_leaves_the_fake_network_alone(base: ToyModel) -> None:
    run = _begin(base, Recipe(steps=2, warm_up=2, ratio=2), updates=4)

    noted = [sorted(run.advance(CLIPS)) for _ in range(4)]

    student, fake = ["student", "student_norm"], ["fake", "fake_norm"]
    assert noted == [student, student, fake + student, fake]


def test_a_critic_moves_with_the_fake_network(base: ToyModel) -> None:
    step = DistillStep(base, base, Recipe(steps=2, gan=0.1))

    assert [update.moves for update in step.updates(0)] == [("student",), ("fake", "critic")]
    assert list(step.learners(GENTLE)) == ["student", "fake", "critic"]


def test_each_update_moves_its_network_and_no_other(base: ToyModel) -> None:
    run = _begin(base, Recipe(steps=2, ratio=2, gan=0.1))
    before = _nets(run)
    run.advance(CLIPS)  # student, then fake network and critic
    between = _nets(run)
    run.advance(CLIPS)  # fake network and critic
    after = _nets(run)

    def moved(one: list[torch.Tensor], other: list[torch.Tensor]) -> bool:
        return any(not a.equal(b) for a, b in zip(one, other, strict=True))

    assert all(moved(before[name], between[name]) for name in before)
    assert [name for name in before if moved(between[name], after[name])] == ["fake", "critic"]


def test_no_gradient_outlives_a_step(base: ToyModel) -> None:
    run = _begin(base, Recipe(steps=2, ratio=1, gan=0.1))
    run.advance(CLIPS)

    step = run.step
    assert isinstance(step, DistillStep)
    assert step.nets.critic is not None
    for network in (step.nets.student, step.nets.fake, step.nets.teacher, step.nets.critic):
        assert all(parameter.grad is None for parameter in network.parameters())


def test_the_teacher_stays_as_it_is(base: ToyModel) -> None:
    before = [weight.clone() for weight in base.parameters()]
    run = take(_begin(base), CLIPS, 3)

    step = run.step
    assert isinstance(step, DistillStep)
    for given, kept, now in zip(before, base.parameters(), step.nets.teacher.parameters(), strict=True):
        assert given.equal(kept)
        assert given.equal(now)


def test_the_mean_student_follows_only_the_students_own_updates(base: ToyModel) -> None:
    run = take(_begin(base, Recipe(steps=2, ratio=2)), CLIPS, 3)

    assert (run.steps, run.average.steps) == (3, 2)


@pytest.mark.parametrize("recipe", [PLAIN, replace(PLAIN, gan=0.03), replace(PLAIN, warm_up=1)])
def test_a_resumed_distillation_equals_an_unbroken_one_to_the_bit(
    base: ToyModel, tmp_path: Path, recipe: Recipe
) -> None:
    whole = take(_begin(base, recipe), CLIPS, 3)
    take(_begin(base, recipe), CLIPS, 2).save(tmp_path)

    resumed = _begin(base, recipe)
    resumed.load(tmp_path)
    take(resumed, CLIPS, 1)

    assert (resumed.steps, resumed.average.steps) == (whole.steps, whole.average.steps)
    for one, other in zip(whole.mean_model().parameters(), resumed.mean_model().parameters(), strict=True):
        assert one.equal(other)
    expected, found = _nets(whole), _nets(resumed)
    assert expected.keys() == found.keys()
    for name in expected:
        assert all(one.equal(other) for one, other in zip(expected[name], found[name], strict=True))


def test_each_network_has_a_file_of_its_own(base: ToyModel, tmp_path: Path) -> None:
    _begin(base, replace(PLAIN, gan=0.1)).save(tmp_path)

    names = sorted(file.name for file in tmp_path.iterdir())
    assert names == ["distill-2-critic.pt", "distill-2-fake.pt", "distill-2-student.pt"]


def test_files_of_different_steps_are_refused(base: ToyModel, tmp_path: Path) -> None:
    """A kill between both replacements leaves one file newer than the other."""
    run = _begin(base)
    run.save(tmp_path)
    older = (tmp_path / "distill-2-fake.pt").read_bytes()
    take(run, CLIPS, 1).save(tmp_path)
    (tmp_path / "distill-2-fake.pt").write_bytes(older)

    with pytest.raises(ValueError, match=r"must be of the same step\. Delete them to begin again"):
        _begin(base).load(tmp_path)


def test_a_missing_file_is_named(base: ToyModel, tmp_path: Path) -> None:
    run = _begin(base)
    run.save(tmp_path)
    (tmp_path / "distill-2-fake.pt").unlink()

    with pytest.raises(ValueError, match=r"distill-2-fake\.pt is missing"):
        _begin(base).load(tmp_path)


def test_a_distillation_by_another_recipe_is_not_resumed(base: ToyModel, tmp_path: Path) -> None:
    _begin(base).save(tmp_path)

    with pytest.raises(ValueError, match="Go on with its settings"):
        _begin(base, replace(PLAIN, guidance=3.0)).load(tmp_path)


def test_a_state_of_an_earlier_version_is_refused_with_what_to_do(base: ToyModel, tmp_path: Path) -> None:
    """Earlier versions wrote the same two files, in which `is` stood for settings and recipe."""
    run = _begin(base)
    old = {"is": {"recipe": asdict(PLAIN), "settings": asdict(run.settings)}, "done": 2}
    for file in run.files(tmp_path).values():
        torch.save(old, file)

    with pytest.raises(ValueError, match="Finish the run with the version that began it, or delete the file"):
        fit(run, CLIPS, tmp_path, Pace())


def test_a_student_is_written_with_its_steps(base: ToyModel, tmp_path: Path) -> None:
    assert fit(_begin(base, updates=2), CLIPS, tmp_path, Pace())

    student, kind = load_model(tmp_path / "2step.safetensors")
    assert (kind.sampler, kind.steps) == ("distilled", 2)
    assert any(not a.equal(b) for a, b in zip(student.parameters(), base.parameters(), strict=True))


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ({"updates": 0}, "updates must be a whole number from 1 to 1000000000; got 0"),
        ({"updates": -5, "batch": -1}, "updates must be a whole number from 1"),
        ({"batch": 0}, "batch must be a whole number from 1 to 1000000000; got 0"),
        ({"seed": -1}, "seed must be a whole number from 0"),
    ],
)
def test_numbers_out_of_range_are_refused(base: ToyModel, numbers: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        begin_distill(base, base, PLAIN, **numbers)  # type: ignore[arg-type]  # whole numbers all
