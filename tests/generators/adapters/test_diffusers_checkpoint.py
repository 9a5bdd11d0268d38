from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from generators.adapters.diffusers_checkpoint import Checkpoint, find_checkpoint
from generators.adapters.diffusers_models import find_local_model
from generators.base import Unavailable

MODEL = find_local_model("wan2.1-t2v-1.3b")
WAN = frozenset({"WanPipeline", "WanImageToVideoPipeline"})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder in diffusers' layout, with two tensors for each component."""
    index = {"_class_name": "WanPipeline", "tokenizer": ["transformers", "T5TokenizerFast"]}
    for part in MODEL.parameters_b:
        index[part] = ["diffusers", "Some"]
        (tmp_path / part).mkdir()
        tensors = {"blocks.0.weight": torch.zeros(3, 4), "bias": torch.zeros(2)}
        save_file(tensors, tmp_path / part / "model.safetensors")
    (tmp_path / "model_index.json").write_text(json.dumps(index))
    return tmp_path


def find(folder: Path) -> Checkpoint:
    return find_checkpoint(MODEL, folder, WAN)


def test_tensors_are_read_from_the_headers(folder: Path) -> None:
    found = find(folder)
    assert found.pipeline == "WanPipeline"
    assert set(found.weights) == {"transformer", "text_encoder", "vae"}
    assert sorted(tensor.count for tensor in found.weights["vae"]) == [2, 12]


def test_the_fingerprint_tells_checkpoints_apart(folder: Path) -> None:
    before = find(folder).fingerprint
    assert find(folder).fingerprint == before
    tuned = {"blocks.0.weight": torch.ones(3, 4), "bias": torch.zeros(2)}
    save_file(tuned, folder / "vae" / "model.safetensors")
    assert find(folder).fingerprint != before


def test_a_folder_without_an_index_is_named_with_the_command(tmp_path: Path) -> None:
    with pytest.raises(
        Unavailable,
        match=rf"not found in {tmp_path}/none\. Get the checkpoint by: "
        rf"hf download {MODEL.repo} --local-dir {tmp_path}/none$",
    ):
        find(tmp_path / "none")


def test_a_missing_component_and_a_missing_shard_are_named(folder: Path) -> None:
    (folder / "vae" / "model.safetensors").unlink()
    shards = {"weight_map": {"a": "one.safetensors", "b": "two.safetensors"}}
    (folder / "transformer" / "model.safetensors.index.json").write_text(json.dumps(shards))
    (folder / "transformer" / "one.safetensors").write_bytes(
        (folder / "transformer" / "model.safetensors").read_bytes()
    )
    missing = r": vae/\*\.safetensors, transformer/two\.safetensors not found .*hf download"
    with pytest.raises(Unavailable, match=missing):
        find(folder)


def test_a_component_that_the_checkpoint_does_without_is_not_missed(folder: Path) -> None:
    index = json.loads((folder / "model_index.json").read_text())
    index["vae"] = [None, None]
    (folder / "model_index.json").write_text(json.dumps(index))
    (folder / "vae" / "model.safetensors").unlink()
    assert set(find(folder).weights) == {"transformer", "text_encoder"}


@pytest.mark.parametrize(
    ("index", "message"),
    [
        ('{"_class_name": "LTXPipeline"}', "WanImageToVideoPipeline or WanPipeline; .* of LTXPipeline"),
        ("[]", "holds one of None"),
        ("{", "must be JSON; it cannot be read: .*Fetch it again"),
    ],
)  # fmt: skip
def test_another_models_checkpoint_is_refused(folder: Path, index: str, message: str) -> None:
    (folder / "model_index.json").write_text(index)
    with pytest.raises(Unavailable, match=message):
        find(folder)


@pytest.mark.parametrize("content", [b"", b"\x08\0\0\0\0\0\0\0no JSON!", b"\xff" * 8])
def test_a_damaged_file_is_named(folder: Path, content: bytes) -> None:
    (folder / "vae" / "model.safetensors").write_bytes(content)
    with pytest.raises(Unavailable, match=r"vae/model\.safetensors must be a whole safetensors file"):
        find(folder)
