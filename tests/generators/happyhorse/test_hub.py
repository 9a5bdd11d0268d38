from __future__ import annotations

from pathlib import Path

import pytest

from generators.base import Unavailable
from generators.happyhorse.hub import OOBLECK, T5GEMMA, TRANSFORMERS, TURBO, WAN, MissingModel, Source

ALL = (WAN, TURBO, OOBLECK, T5GEMMA, *TRANSFORMERS.values())


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    return tmp_path


@pytest.mark.usefixtures("cache")
@pytest.mark.parametrize("source", ALL, ids=lambda source: str(source.title))
def test_names_the_command_that_fills_the_cache(source: Source) -> None:
    with pytest.raises(MissingModel, match="not found in the hub's cache") as raised:
        source.locate()
    assert str(raised.value).endswith(f"Get it by: {source.command()}")
    assert source.command().startswith(f"hf download {source.repo} ")


def test_finds_what_is_in_the_cache(cache: Path) -> None:
    model = cache / "models--Wan-AI--Wan2.2-TI2V-5B"
    (model / "snapshots/abc").mkdir(parents=True)
    (model / "refs").mkdir()
    (model / "refs/main").write_text("abc")
    weights = model / "snapshots/abc/Wan2.2_VAE.pth"
    weights.touch()
    assert WAN.locate() == (weights,)


def test_finds_files_in_a_folder_as_on_the_hub_or_side_by_side(tmp_path: Path) -> None:
    flat, deep = tmp_path / "flat", tmp_path / "deep"
    (deep / "turbo_vae").mkdir(parents=True)
    flat.mkdir()
    for path in (flat / "checkpoint-340000.ckpt", deep / "turbo_vae/checkpoint-340000.ckpt"):
        path.touch()
        assert TURBO.locate(path.parents[1] if path.is_relative_to(deep) else flat) == (path,)


def test_missing_from_a_folder_is_fetched_into_that_folder(tmp_path: Path) -> None:
    with pytest.raises(Unavailable) as raised:
        OOBLECK.locate(tmp_path / "my models")
    command = "hf download stabilityai/stable-audio-open-1.0 model.safetensors --local-dir"
    assert str(raised.value).endswith(f"{command} '{tmp_path}/my models'")


def test_the_public_checkpoints_folders_are_fetched_one_by_one() -> None:
    assert TRANSFORMERS["distilled"].command() == "hf download GAIR/daVinci-MagiHuman --include 'distill/*'"
