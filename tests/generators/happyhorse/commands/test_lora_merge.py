"""Merging LoRA files into checkpoints, and taking them out again."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from generators.happyhorse.__main__ import main
from generators.happyhorse.adaptation.lora import Addition, attach, products
from generators.happyhorse.adaptation.lora_files import write_lora
from generators.happyhorse.network.kinds import kind
from generators.happyhorse.network.transformer import HappyHorseTransformer
from generators.happyhorse.weights.checkpoint import load_transformer, save_transformer
from tests.factories_happyhorse import TINY, hashed_inputs, hashed_transformer

CONFIG = kind("distilled").configure(TINY)


@pytest.fixture
def additions() -> dict[str, Addition]:
    draw = torch.Generator().manual_seed(1)
    return {
        name: Addition(
            0.1 * torch.randn(2, product.inputs, generator=draw),
            torch.randn(product.experts * product.outputs, 2, generator=draw),
            1.0,
        )
        for name, product in products(hashed_transformer()).items()
    }


@pytest.fixture
def plain(tmp_path: Path, additions: dict[str, Addition]) -> Path:
    """Return a folder with a checkpoint and a LoRA beside it."""
    save_transformer(hashed_transformer(dtype=torch.bfloat16), tmp_path / "plain")
    write_lora(additions, tmp_path / "style.safetensors")
    return tmp_path / "plain"


def _merge(source: Path, out: str, *options: str) -> int:
    lora = f"{source.parent / 'style.safetensors'}=0.5"
    given = ["--size", "tiny", "--transformer-folder", str(source), "--lora", lora]
    return main(["lora-merge", *given, "--out", str(source.parent / out), *options])


def _video(model: HappyHorseTransformer) -> torch.Tensor:
    with torch.no_grad():
        video: torch.Tensor = model(*hashed_inputs())[0]
    return video


def test_a_merged_checkpoint_is_the_adapted_model_and_unmerging_gives_the_plain_one(
    plain: Path, additions: dict[str, Addition], capsys: pytest.CaptureFixture[str]
) -> None:
    assert _merge(plain, "merged") == 0
    assert _merge(plain.parent / "merged", "back", "--unmerge") == 0

    start, merged, back = (
        load_transformer(plain.parent / name, CONFIG) for name in ("plain", "merged", "back")
    )
    adapted = load_transformer(plain, CONFIG)
    attach(adapted, {name: addition.times(0.5) for name, addition in additions.items()})
    moved = (_video(adapted) - _video(start)).square().mean().sqrt()
    assert (_video(merged) - _video(adapted)).square().mean().sqrt() < 0.1 * moved
    assert (_video(back) - _video(start)).square().mean().sqrt() < 0.1 * moved
    assert "distilled checkpoint with 1 LoRA" in capsys.readouterr().out


def test_a_lora_of_another_network_is_named_before_anything_is_written(
    plain: Path, additions: dict[str, Addition], capsys: pytest.CaptureFixture[str]
) -> None:
    name, first = next(iter(additions.items()))
    write_lora({name: Addition(first.down[:, :-1], first.up, 1.0)}, plain.parent / "style.safetensors")

    assert _merge(plain, "merged") == 1

    said = capsys.readouterr().err
    assert name in said
    assert "Use a LoRA of this network." in said
    assert not (plain.parent / "merged").exists()


def test_the_checkpoint_itself_is_not_overwritten(plain: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _merge(plain, "plain") == 1
    assert "out must be another folder than the checkpoint's" in capsys.readouterr().err
