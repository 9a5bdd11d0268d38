"""Files of low-rank additions in the layouts of PEFT, diffusers, ComfyUI and Kohya."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from generators.happyhorse.adaptation.lora import Addition, products
from generators.happyhorse.adaptation.lora_files import LoraError, read_lora, write_lora
from tests.factories_happyhorse import hashed_transformer

NAME = "block.layers.0.mlp.down_proj"
KNOWN = products(hashed_transformer())
RANK = 4
DOWN = torch.arange(RANK * KNOWN[NAME].inputs, dtype=torch.float32).reshape(RANK, -1) / 1000
UP = (
    torch.arange(KNOWN[NAME].experts * KNOWN[NAME].outputs * RANK, dtype=torch.float32).reshape(-1, RANK)
    / 1000
)


def _peft(folder: Path, **settings: object) -> Path:
    made = folder / "peft"
    made.mkdir()
    stem = f"base_model.model.{NAME}"
    save_file(
        {f"{stem}.lora_A.weight": DOWN, f"{stem}.lora_B.weight": UP}, made / "adapter_model.safetensors"
    )
    (made / "adapter_config.json").write_text(json.dumps({"r": RANK, "lora_alpha": 8, **settings}))
    return made


def _diffusers(folder: Path) -> Path:
    path = folder / "diffusers.safetensors"
    metadata = {"lora_adapter_metadata": json.dumps({"transformer.r": RANK, "transformer.lora_alpha": 8})}
    stem = f"transformer.{NAME}"
    save_file({f"{stem}.lora_A.weight": DOWN, f"{stem}.lora_B.weight": UP}, path, metadata=metadata)
    return path


def _kohya(folder: Path) -> Path:
    path, stem = folder / "kohya.safetensors", f"lora_unet_{NAME.replace('.', '_')}"
    save_file(
        {f"{stem}.lora_down.weight": DOWN, f"{stem}.lora_up.weight": UP, f"{stem}.alpha": torch.tensor(8.0)},
        path,
    )
    return path


def _comfy(folder: Path) -> Path:
    path, stem = folder / "comfy.safetensors", f"diffusion_model.{NAME}"
    save_file({f"{stem}.lora_A.weight": DOWN, f"{stem}.lora_B.weight": UP}, path)
    return path


@pytest.mark.parametrize(("write", "scale"), [(_peft, 2.0), (_diffusers, 2.0), (_kohya, 2.0), (_comfy, 1.0)])
def test_each_layout_is_read(write: Callable[[Path], Path], scale: float, tmp_path: Path) -> None:
    found = read_lora(write(tmp_path), KNOWN)

    assert found.keys() == {NAME}
    assert found[NAME].down.equal(DOWN)
    assert found[NAME].up.equal(UP)
    assert found[NAME].scale == scale


def test_pefts_scale_by_the_root_of_the_rank(tmp_path: Path) -> None:
    found = read_lora(_peft(tmp_path, use_rslora=True), KNOWN)

    assert found[NAME].scale == pytest.approx(8 / math.sqrt(RANK))


def test_what_is_written_is_read_with_its_scale(tmp_path: Path) -> None:
    path = tmp_path / "own.safetensors"

    write_lora({NAME: Addition(DOWN, UP, 0.25)}, path)

    found = read_lora(path, KNOWN)[NAME]
    torch.testing.assert_close(found.delta(), 0.25 * UP @ DOWN)


def test_another_networks_keys_are_named(tmp_path: Path) -> None:
    path = tmp_path / "other.safetensors"
    save_file({"transformer.blocks.0.attn1.to_q.lora_A.weight": DOWN}, path)

    with pytest.raises(LoraError, match=r"got transformer\.blocks\.0\.attn1\.to_q\.lora_A\.weight"):
        read_lora(path, KNOWN)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t | {"down": DOWN[:, :-1].clone()}, r"must hold matrices \(4, .*\) and .*; got \(4, "),
        (lambda t: t | {"up": UP[:-1].clone()}, r"for block\.layers\.0\.mlp\.down_proj; got"),
        (lambda t: {"down": t["down"]}, "both matrices of block.layers.0.mlp.down_proj; got no up"),
        (lambda t: t | {"up": UP * float("nan")}, "weights must be finite"),
    ],
)
def test_shapes_pairs_and_numbers_that_do_not_fit_are_named(
    change: Callable[[dict[str, Tensor]], dict[str, Tensor]], message: str, tmp_path: Path
) -> None:
    path, endings = tmp_path / "bad.safetensors", {"down": "lora_A", "up": "lora_B"}
    tensors = change({"down": DOWN, "up": UP})
    save_file({f"transformer.{NAME}.{endings[key]}.weight": value for key, value in tensors.items()}, path)

    with pytest.raises(LoraError, match=message):
        read_lora(path, KNOWN)


def test_missing_and_damaged_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(LoraError, match="There is no LoRA at"):
        read_lora(tmp_path / "gone.safetensors", KNOWN)
    (tmp_path / "damaged.safetensors").write_bytes(b"nothing")
    with pytest.raises(LoraError, match="Can't read the LoRA in"):
        read_lora(tmp_path / "damaged.safetensors", KNOWN)
