from __future__ import annotations

from pathlib import Path

import pytest
import torch

from generators.happyhorse.__main__ import main
from generators.happyhorse.toy.codecs import shipped_codecs
from generators.happyhorse.toy.model import BASE, ToyModel, load_model, save_model
from generators.happyhorse.training.cache import Recipe, fill_cache
from tests.factories_codecs import one_thread
from tests.factories_training import SMALL

quick = pytest.fixture(autouse=True)(one_thread)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Save a small base model with its encoded clips beside it."""
    folder, codecs = tmp_path_factory.mktemp("base"), shipped_codecs()
    fill_cache(folder / "cache", Recipe("train", 0, 4, 1, codecs.digest), codecs.video, codecs.audio)
    torch.manual_seed(0)
    save_model(ToyModel(SMALL, codecs.variances), BASE, folder / "base.safetensors")
    return folder / "base.safetensors"


def _distill(base: Path, out: Path, *more: str) -> int:
    few = ["--updates", "2", "--batch", "2", "--ratio", "2"]
    return main(["distill", "--base", str(base), "--out", str(out), *few, *more])


def _weights(path: Path) -> list[torch.Tensor]:
    return [weight.detach() for weight in load_model(path)[0].parameters()]


def test_it_makes_one_student_after_the_other(base: Path, tmp_path: Path) -> None:
    assert _distill(base, tmp_path, "--steps", "4", "2") == 0

    for steps in (4, 2):
        _, kind = load_model(tmp_path / f"{steps}step.safetensors")
        assert (kind.sampler, kind.steps) == ("distilled", steps)
        assert (tmp_path / f"distill-{steps}-student.pt").exists()


@pytest.mark.slow
def test_each_student_starts_as_the_one_before_it(base: Path, tmp_path: Path) -> None:
    _distill(base, tmp_path / "both", "--steps", "4", "2")
    _distill(base, tmp_path / "one", "--steps", "4")
    start = str(tmp_path / "one" / "4step.safetensors")
    _distill(base, tmp_path / "one", "--steps", "2", "--start", start)
    _distill(base, tmp_path / "anew", "--steps", "2")

    both, one, anew = (_weights(tmp_path / name / "2step.safetensors") for name in ("both", "one", "anew"))
    assert all(a.equal(b) for a, b in zip(both, one, strict=True))
    assert not all(a.equal(b) for a, b in zip(both, anew, strict=True))


def test_it_goes_on_where_it_stopped(base: Path, tmp_path: Path) -> None:
    _distill(base, tmp_path / "whole", "--steps", "2")

    assert _distill(base, tmp_path / "broken", "--steps", "2", "--minutes", "1e-9") == 0
    assert _distill(base, tmp_path / "broken", "--steps", "2") == 0

    files = [tmp_path / name / "2step.safetensors" for name in ("whole", "broken")]
    assert files[0].read_bytes() == files[1].read_bytes()


def test_without_time_no_further_student_is_begun(base: Path, tmp_path: Path) -> None:
    _distill(base, tmp_path, "--steps", "4", "2", "--minutes", "1e-9")

    assert (tmp_path / "distill-4-student.pt").exists()
    assert not (tmp_path / "distill-2-student.pt").exists()


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--steps", "0", "steps must be a whole number from 1 to 1000; got 0."),
        ("--steps", "1001", "steps must be a whole number from 1 to 1000; got 1001."),
        ("--updates", "0", "updates must be a whole number from 1 to 1000000000; got 0."),
        ("--updates", "-3", "updates must be a whole number from 1 to 1000000000; got -3."),
        ("--warm-up", "-1", "warm-up must be a whole number from 0 to 1000000000; got -1."),
        ("--batch", "0", "batch must be a whole number from 1 to 1000000000; got 0."),
        ("--batch", "-2", "batch must be a whole number from 1 to 1000000000; got -2."),
        ("--ratio", "0", "ratio must be a whole number from 1 to 1000000000; got 0."),
        ("--seed", "-1", "seed must be a whole number from 0 to 9007199254740991; got -1."),
        ("--gan", "-0.5", "gan must be 0 or a positive number; got -0.5."),
        ("--gan", "nan", "gan must be 0 or a positive number; got nan."),
        ("--gan", "inf", "gan must be 0 or a positive number; got inf."),
        ("--minutes", "0", "minutes must be a positive number; got 0.0."),
        ("--minutes", "nan", "minutes must be a positive number; got nan."),
        ("--threads", "0", "threads must be a whole number from 1 to 1024; got 0."),
        ("--base", "nowhere.safetensors", "There are no weights at nowhere.safetensors."),
        ("--start", "nowhere.safetensors", "There are no weights at nowhere.safetensors."),
        ("--cache", "nowhere", "nowhere has none. Fill it by `train --cache nowhere`."),
    ],
)
def test_a_mistake_is_named_before_anything_is_written(
    base: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    option: str,
    value: str,
    message: str,
) -> None:
    out = tmp_path / "run"

    assert _distill(base, out, f"{option}={value}") == 1

    said = capsys.readouterr().err
    assert message in said
    assert said.count("\n") == 1
    assert not out.exists()


def test_one_bad_number_of_steps_among_several_stops_all(base: Path, tmp_path: Path) -> None:
    assert _distill(base, tmp_path / "run", "--steps", "4", "0") == 1
    assert not (tmp_path / "run").exists()


def test_a_device_that_is_not_there_is_named_before_anything_is_written(
    base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda check_available: None)
    out = tmp_path / "run"

    assert _distill(base, out, "--device", "cuda") == 1

    assert "got 'cuda'. Choose one of: cpu." in capsys.readouterr().err
    assert not out.exists()


def test_several_processes_are_refused_as_they_would_overwrite_each_others_files(
    base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")

    assert _distill(base, tmp_path / "run") == 1

    assert "distill must run in one process; got 2. Start it without torchrun." in capsys.readouterr().err
    assert not (tmp_path / "run").exists()
