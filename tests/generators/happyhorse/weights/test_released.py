from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
import torch
from transformers import T5GemmaConfig

from generators.base import InvalidInput, Unavailable
from generators.happyhorse.hub import MissingModel
from generators.happyhorse.network.config import size
from generators.happyhorse.network.transformer import HappyHorseTransformer
from generators.happyhorse.weights.checkpoint import CheckpointError, save_transformer
from generators.happyhorse.weights.random import byte_tokenizer
from generators.happyhorse.weights.released import NEGATIVE_PROMPT, Release, fingerprint


@pytest.fixture
def models(tmp_path: Path) -> dict[str, Path]:
    """Folders with all that is looked at before weights are loaded; the transformer's are real and tiny."""
    torch.manual_seed(0)
    folders = {part: tmp_path / part for part in ("transformer", "540p", "text", "wan", "turbo", "oobleck")}
    for part in ("transformer", "540p"):
        save_transformer(HappyHorseTransformer(size("tiny")), folders[part], shard_bytes=200_000)
    for part, name in (
        ("wan", "Wan2.2_VAE.pth"),
        ("turbo", "checkpoint-340000.ckpt"),
        ("oobleck", "model.safetensors"),
    ):
        folders[part].mkdir()
        (folders[part] / name).touch()
    folders["text"].mkdir()
    T5GemmaConfig().to_json_file(str(folders["text"] / "config.json"))
    byte_tokenizer().save(str(folders["text"] / "tokenizer.json"))
    (folders["text"] / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {}}))
    return folders


def test_components_are_found_without_loading_weights(models: dict[str, Path]) -> None:
    parts = Release(size="tiny", folders=models).parts(("540p",))
    parts.text.check("a ball")
    assert (parts.kind.name, parts.limits.window, list(parts.super_resolution)) == ("distilled", 63, ["540p"])
    with pytest.raises(Unavailable, match=r"Can't read the weights in .*Wan2\.2_VAE\.pth"):
        parts.video_encoder()


def test_transformers_are_loaded_from_their_folders(models: dict[str, Path]) -> None:
    parts = Release(size="tiny", folders=models).parts(("540p",))
    first, enlarging = parts.transformer(), parts.super_resolution["540p"]()
    assert first.block is not enlarging.block
    weights = {name: value.dtype for name, value in first.state_dict().items()}
    assert weights["block.layers.0.mlp.down_proj.weight"] == torch.bfloat16
    assert weights["final_linear_video.weight"] == torch.float32


def test_full_decoder_needs_no_turbo(models: dict[str, Path]) -> None:
    (models["turbo"] / "checkpoint-340000.ckpt").unlink()
    with pytest.raises(MissingModel, match=r"checkpoint-340000\.ckpt not found"):
        Release(size="tiny", folders=models).parts()
    Release(size="tiny", folders=models, decoder="wan").parts()


def test_all_that_is_missing_is_named_at_once(models: dict[str, Path], tmp_path: Path) -> None:
    gone = dict.fromkeys(models, tmp_path / "gone")
    with pytest.raises(MissingModel) as raised:
        Release(folders=gone).parts(("540p",))
    message = str(raised.value)
    assert message.count("hf download ") == 6
    assert f"hf download GAIR/daVinci-MagiHuman --include 'distill/*' --local-dir {tmp_path}/gone" in message
    assert "--include '540p_sr/*'" in message


def test_a_checkpoint_with_a_shard_missing_is_refused_before_loading(models: dict[str, Path]) -> None:
    next(models["transformer"].glob("model-00002*")).unlink()
    with pytest.raises(CheckpointError, match="lacks model-00002"):
        Release(size="tiny", folders=models).parts()


def test_a_fingerprint_tells_checkpoints_apart(models: dict[str, Path]) -> None:
    release = Release(size="tiny", folders=models)
    before = release.fingerprints(("540p",))
    assert before == release.fingerprints(("540p",))
    assert before["distilled"] != before["540p"]
    shard = next(models["transformer"].glob("model-00001*"))
    content = bytearray(shard.read_bytes())
    content[-1] ^= 1
    shard.write_bytes(content)
    assert fingerprint(models["transformer"]) != before["distilled"]


def test_negative_prompt_is_ours_unless_one_is_given(models: dict[str, Path], tmp_path: Path) -> None:
    assert Release(size="tiny", folders=models).parts().negative_prompt == NEGATIVE_PROMPT
    path = tmp_path / "negative.txt"
    path.write_text(" hiss, blur\n")
    given = Release(size="tiny", folders=models, negative_prompt=path)
    assert given.parts().negative_prompt == "hiss, blur"
    path.unlink()
    with pytest.raises(InvalidInput, match=r"Can't read the negative prompt .*negative\.txt"):
        given.parts()


def test_origin_tells_a_published_negative_prompt_from_others(
    models: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "negative.txt"
    path.write_text("hiss")
    release = Release(kind="base", size="tiny", folders=models, negative_prompt=path)
    digest = hashlib.sha256(b"hiss").hexdigest()
    assert release.origin()["negative_prompt"] == digest
    monkeypatch.setattr("generators.happyhorse.weights.released.PUBLISHED_NEGATIVE", digest)
    assert release.origin()["negative_prompt"] == "as published"
    assert "negative_prompt" not in Release(size="tiny", folders=models).origin()
