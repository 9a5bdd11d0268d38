from __future__ import annotations

import json
import struct
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from generators.happyhorse.network.transformer import HappyHorseTransformer
from generators.happyhorse.weights import checkpoint
from generators.happyhorse.weights.checkpoint import CheckpointError, load_transformer, save_transformer
from tests.factories_happyhorse import TINY, hashed_transformer


def _same(model: HappyHorseTransformer, other: HappyHorseTransformer) -> bool:
    ours, theirs = model.state_dict(), other.state_dict()
    return ours.keys() == theirs.keys() and all(
        ours[key].dtype == theirs[key].dtype and ours[key].equal(theirs[key]) for key in ours
    )


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """Return a checkpoint of three files with an index."""
    save_transformer(hashed_transformer(), tmp_path, shard_bytes=1_000_000)
    return tmp_path


@pytest.mark.parametrize("shard_bytes", [10**9, 1_000_000, 1])
@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_what_is_saved_is_loaded(
    tmp_path: Path, shard_bytes: int, compress: bool, dtype: torch.dtype
) -> None:
    model = hashed_transformer(dtype=dtype)
    save_transformer(model, tmp_path, shard_bytes=shard_bytes, compress=compress)

    loaded = load_transformer(tmp_path, TINY, dtype=dtype)

    assert _same(loaded, model)
    endings = {"".join(file.suffixes) for file in tmp_path.iterdir()} - {".safetensors.index.json"}
    assert endings == {".safetensors.zst" if compress else ".safetensors"}


def test_a_folder_a_file_and_an_index_are_all_accepted(
    saved: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    single = tmp_path_factory.mktemp("single")
    save_transformer(hashed_transformer(), single)
    paths = [saved, saved / "model.safetensors.index.json", single, single / "model.safetensors"]

    first, *rest = (load_transformer(path, TINY, dtype=torch.float32) for path in paths)

    assert all(_same(first, other) for other in rest)


def test_shards_without_an_index_are_read_together(saved: Path) -> None:
    (saved / "model.safetensors.index.json").unlink()

    assert _same(load_transformer(saved, TINY, dtype=torch.float32), hashed_transformer())


def test_the_public_form_of_the_configuration_is_accepted(saved: Path) -> None:
    public = {**asdict(TINY), "mm_layers": list(TINY.mm_layers), "tread_config": {}}

    assert load_transformer(saved, public).config == TINY


def test_a_float32_checkpoint_is_cast_in_its_products_alone(saved: Path) -> None:
    loaded = load_transformer(saved, TINY)

    assert _same(loaded, hashed_transformer(dtype=torch.bfloat16))


def test_a_mixed_checkpoint_is_widened_for_float32(tmp_path: Path) -> None:
    save_transformer(hashed_transformer(dtype=torch.bfloat16), tmp_path)

    loaded = load_transformer(tmp_path, TINY, dtype=torch.float32)

    assert {tensor.dtype for tensor in loaded.state_dict().values()} == {torch.float32}


def test_a_loaded_network_is_ready_for_use(saved: Path) -> None:
    loaded = load_transformer(saved, TINY, device="cpu")

    assert not loaded.training
    assert {tensor.device.type for tensor in loaded.state_dict().values()} == {"cpu"}


def _drop(weights: dict[str, Tensor]) -> None:
    del weights["final_norm_video.weight"], weights["adapter.rope.bands"]


def _add(weights: dict[str, Tensor]) -> None:
    weights |= {f"extra.{n}": torch.zeros(1) for n in range(7)}


def _bend(weights: dict[str, Tensor]) -> None:
    weights["final_norm_video.weight"] = torch.zeros(65)


@pytest.mark.parametrize(
    ("damage", "complaint"),
    [
        (
            _drop,
            "must hold the 59 tensors of HappyHorseTransformer; "
            "got 2 missing: adapter.rope.bands, final_norm_video.weight",
        ),
        (_add, "7 surplus: extra.0, extra.1, extra.2, extra.3, extra.4 and 2 more"),
        (_bend, r"1 misshapen: final_norm_video.weight \(65,\) instead of \(64,\)"),
    ],
)
def test_another_network_is_refused_with_its_keys_and_before_any_weight_is_read(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    damage: Callable[[dict[str, Tensor]], None],
    complaint: str,
) -> None:
    save_transformer(hashed_transformer(), tmp_path)
    weights = load_file(tmp_path / "model.safetensors")
    damage(weights)
    save_file(weights, tmp_path / "model.safetensors")
    monkeypatch.setattr(checkpoint, "_tensors", lambda *_: pytest.fail("weights were read"))

    with pytest.raises(CheckpointError, match=complaint):
        load_transformer(tmp_path, TINY)


def test_a_shard_that_the_index_names_but_is_not_there_is_named(saved: Path) -> None:
    shard = sorted(saved.glob("*.safetensors"))[1]
    shard.unlink()

    with pytest.raises(
        CheckpointError, match=f"lacks {shard.name}, which model.safetensors.index.json names"
    ):
        load_transformer(saved, TINY)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"weight_map": 3}'])
def test_a_broken_index_is_refused(saved: Path, text: str) -> None:
    (saved / "model.safetensors.index.json").write_text(text)

    with pytest.raises(CheckpointError, match="must be an index of safetensors files"):
        load_transformer(saved, TINY)


@pytest.mark.parametrize("name", ["absent", "absent.safetensors"])
def test_a_missing_checkpoint_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(CheckpointError, match=r"No checkpoint at .*absent"):
        load_transformer(tmp_path / name, TINY)


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"No \*\.safetensors in"):
        load_transformer(tmp_path, TINY)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"short",
        struct.pack("<Q", 2**40) + b"{}",
        struct.pack("<Q", 2) + b"[]",
        struct.pack("<Q", 9) + b"{}",
    ],
)
@pytest.mark.parametrize("name", ["model.safetensors", "model.safetensors.zst"])
def test_a_file_that_is_no_checkpoint_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)

    with pytest.raises(CheckpointError, match=r"is corrupt or no safetensors file .* Download it again"):
        load_transformer(tmp_path, TINY)


@pytest.mark.parametrize("compress", [False, True])
def test_a_file_that_was_cut_short_is_refused(tmp_path: Path, compress: bool) -> None:
    save_transformer(hashed_transformer(), tmp_path, compress=compress)
    file = next(tmp_path.iterdir())
    file.write_bytes(file.read_bytes()[:-100])

    with pytest.raises(CheckpointError, match="is corrupt"):
        load_transformer(tmp_path, TINY)


def test_a_key_in_two_files_is_refused(saved: Path) -> None:
    (saved / "model.safetensors.index.json").unlink()
    shard = sorted(saved.glob("*.safetensors"))[0]
    (saved / "again.safetensors").write_bytes(shard.read_bytes())

    with pytest.raises(CheckpointError, match=r"Each key must be in one file; got .* and in another\."):
        load_transformer(saved, TINY)


def test_a_compressed_checkpoint_asks_for_what_reads_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_transformer(hashed_transformer(), tmp_path, compress=True)
    monkeypatch.setitem(sys.modules, "zstandard", None)

    with pytest.raises(CheckpointError, match=r"pip install '\.\[codecs\]'"):
        load_transformer(tmp_path, TINY)


def test_the_index_names_each_key_once(saved: Path) -> None:
    index = json.loads((saved / "model.safetensors.index.json").read_text())["weight_map"]

    assert index.keys() == hashed_transformer().state_dict().keys()
    assert all(key in load_file(saved / file) for key, file in index.items())
