from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from generators.happyhorse.sampling.preconditioning import Variances
from generators.happyhorse.toy.model import BASE, ToyModel
from generators.happyhorse.training.flow import MIXTURE, Mixture
from generators.happyhorse.training.flow_step import FlowStep, begin_flow, compile_layers
from generators.happyhorse.training.processes import Processes
from generators.happyhorse.training.run import Run, Settings
from tests.factories_training import SMALL, FixedClips, small_run, take

CLIPS = FixedClips()
SETTINGS = Settings(samples=800, batch=8)


def _run(mixture: Mixture = MIXTURE) -> Run:
    torch.manual_seed(0)
    return Run(FlowStep(ToyModel(SMALL), mixture=mixture), SETTINGS)


def test_a_step_is_one_update_of_the_model() -> None:
    step = FlowStep(ToyModel(SMALL))

    assert [update.moves for number in range(3) for update in step.updates(number)] == [("model",)] * 3
    assert list(step.learners(SETTINGS.rates)) == ["model"]


def test_a_step_notes_both_losses_and_the_norm() -> None:
    """At every step of a mixture without exceptions, both modalities are learnt."""
    noted = _run(replace(MIXTURE, video_only=0, video_to_audio=0)).advance(CLIPS)

    assert list(noted) == ["video", "audio", "norm"]
    assert all(value > 0 for value in noted.values())


@pytest.mark.parametrize(("share", "learnt"), [("video_only", "video"), ("video_to_audio", "audio")])
def test_a_modality_that_is_not_learnt_is_not_noted(share: str, learnt: str) -> None:
    run = _run(replace(MIXTURE, **{"video_only": 0, "video_to_audio": 0, share: 1}))

    assert list(run.advance(CLIPS)) == [learnt, "norm"]


def test_the_loss_is_the_sum_of_both_means() -> None:
    run = _run()
    (update,) = run.step.updates(0)

    measured = update.measure(CLIPS.latents, torch.Generator().manual_seed(0))

    assert measured.loss.item() == pytest.approx(sum(value.item() for value in measured.noted.values()))
    assert measured.loss.requires_grad
    assert not any(value.requires_grad for value in measured.noted.values())


def test_two_processes_work_on_halves_of_the_same_task() -> None:
    """The mean of their losses is the loss of the whole batch."""

    def video_loss(rank: int, count: int) -> float:
        torch.manual_seed(0)
        step = FlowStep(
            ToyModel(SMALL), Processes(rank, count, sharded=False), replace(MIXTURE, video_to_audio=0)
        )
        (update,) = step.updates(0)
        return update.measure(CLIPS.latents, torch.Generator().manual_seed(0)).noted["video"].item()

    halves = [video_loss(rank, 2) for rank in range(2)]

    assert halves[0] != halves[1]
    assert sum(halves) / 2 == pytest.approx(video_loss(0, 1), rel=1e-5)


def test_the_usual_mixture_is_not_named_in_a_state_and_another_is(tmp_path: Path) -> None:
    """States from before mixtures were named so stay readable."""
    other = replace(MIXTURE, first_frame=0.9)
    _run().save(tmp_path)

    state = torch.load(tmp_path / "state.pt", weights_only=True)
    assert "mixture" not in state["settings"]
    with pytest.raises(ValueError, match="Go on with its settings"):
        _run(other).load(tmp_path)

    _run(other).save(tmp_path)
    _run(other).load(tmp_path)
    with pytest.raises(ValueError, match="Go on with its settings"):
        _run().load(tmp_path)


def test_weights_say_how_they_were_trained() -> None:
    step = FlowStep(ToyModel(SMALL))

    assert step.notes(3, Settings(batch=8, seed=5)) == {"samples": 24, "seed": 5, "batch": 8}
    assert (step.kind, step.state) == (BASE, "state.pt")


def test_fresh_weights_follow_from_the_seed() -> None:
    unit = Variances(torch.ones(6, 1, 1, 1), torch.ones(16))
    one, same, other = (begin_flow(Settings(seed=seed), unit, config=SMALL).weights() for seed in (0, 0, 1))

    assert all(a.equal(b) for a, b in zip(one, same, strict=True))
    assert not all(a.equal(b) for a, b in zip(one, other, strict=True))


def test_a_run_has_the_codecs_variances_and_the_network_asked_for() -> None:
    variances = Variances(torch.linspace(0.5, 2, 6).reshape(6, 1, 1, 1), torch.full((16,), 3.0))

    model = begin_flow(Settings(), variances, config=SMALL).step.model

    assert model.config == SMALL
    assert model.training
    assert model.variances.video.equal(variances.video)
    assert model.variances.audio.equal(variances.audio)


def test_compiling_prepares_each_layer_and_leaves_the_weights_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    run, compiled = take(small_run(), CLIPS, 1), list[torch.nn.Module]()
    monkeypatch.setattr(torch.nn.Module, "compile", lambda layer, dynamic: compiled.append(layer))

    with torch._dynamo.config.patch(recompile_limit=8):
        compile_layers(run.step.model)
        assert torch._dynamo.config.recompile_limit == 4 * SMALL.num_layers

    assert compiled == list(run.step.model.transformer.layers)
