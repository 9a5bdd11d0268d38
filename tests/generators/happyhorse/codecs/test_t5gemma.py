from __future__ import annotations

import gc
import json
import weakref
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn
from transformers import T5GemmaConfig, T5GemmaModuleConfig

from generators.base import InvalidInput
from generators.happyhorse.codecs.t5gemma import T5GemmaText, build
from generators.happyhorse.hub import MissingModel
from generators.happyhorse.weights.random import TINY, byte_tokenizer

SIZES = T5GemmaModuleConfig(hidden_size=32, **TINY.text)


def network() -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(3)
        return build(SIZES)


def save(folder: Path, encoder: nn.Module) -> None:
    """Write files like the public model's: the encoder in one of two shards, the decoder in the other."""
    T5GemmaConfig(encoder=SIZES.to_dict(), decoder=SIZES.to_dict()).to_json_file(str(folder / "config.json"))
    byte_tokenizer().save(str(folder / "tokenizer.json"))
    tensors = {f"model.encoder.{name}": value for name, value in encoder.state_dict().items()}
    save_file(tensors, folder / "model-00001-of-00002.safetensors")
    shards = dict.fromkeys(tensors, "model-00001-of-00002.safetensors")
    shards["model.decoder.norm.weight"] = "model-00002-of-00002.safetensors"
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": shards}))


def test_public_encoder_has_its_published_size() -> None:
    public = T5GemmaModuleConfig(
        hidden_size=3584, num_hidden_layers=42, num_attention_heads=16, num_key_value_heads=8,
        head_dim=256, intermediate_size=14_336,
    )  # fmt: skip
    with torch.device("meta"):
        encoder = build(public)
    assert sum(weight.numel() for weight in encoder.parameters()) == 9_241_705_984


def test_gives_one_row_for_each_token_and_no_special_ones() -> None:
    (features,) = T5GemmaText(byte_tokenizer(), network).encode("a ball")
    assert features.shape == (6, 32)
    assert features.dtype == torch.float32
    assert torch.equal(features, features.half().float())


def test_attention_has_no_soft_cap() -> None:
    capped = build(T5GemmaModuleConfig(**SIZES.to_dict() | {"attn_logit_softcapping": 1e-3}))
    capped.load_state_dict(network().state_dict())
    (found,) = T5GemmaText(byte_tokenizer(), lambda: capped).encode("a ball")
    (expected,) = T5GemmaText(byte_tokenizer(), network).encode("a ball")
    assert torch.equal(found, expected)


def test_loads_the_encoder_alone_and_only_when_it_is_needed(tmp_path: Path) -> None:
    encoder = network()
    save(tmp_path, encoder)
    text = T5GemmaText.from_folder(tmp_path, "cpu")
    text.check("a ball")
    (features,) = text.encode("a ball")
    (expected,) = T5GemmaText(byte_tokenizer(), lambda: encoder).encode("a ball")
    assert torch.equal(features, expected)


def test_a_prompt_is_encoded_once() -> None:
    loads = []

    def load() -> nn.Module:
        loads.append(1)
        return network()

    text = T5GemmaText(byte_tokenizer(), load)
    first, negative = text.encode("a ball", "noise")
    (again,) = text.encode("a ball")
    assert again.equal(first)
    assert negative.shape == (5, 32)
    assert len(loads) == 1


def test_encoder_is_let_go_of() -> None:
    alive = []

    def load() -> nn.Module:
        encoder = network()
        alive.append(weakref.ref(encoder))
        return encoder

    T5GemmaText(byte_tokenizer(), load).encode("a ball")
    gc.collect()
    assert alive[0]() is None


@pytest.mark.parametrize("prompt", ["", "   ", "\n"])
def test_refuses_an_empty_prompt(prompt: str) -> None:
    with pytest.raises(InvalidInput, match=r"The prompt is empty\. Describe"):
        T5GemmaText(byte_tokenizer(), network).check(prompt)


def test_refuses_a_prompt_of_more_than_640_tokens() -> None:
    text = T5GemmaText(byte_tokenizer(), network)
    text.check("a" * 640)
    with pytest.raises(
        InvalidInput, match=r"has 800 tokens; at most 640 are allowed\. Shorten it by about 20%"
    ):
        text.check("a" * 800)


def test_negative_prompt_is_cut_rather_than_refused() -> None:
    (features,) = T5GemmaText(byte_tokenizer(), network).encode("a" * 700)
    assert features.shape == (640, 32)


def test_missing_model_names_the_command(tmp_path: Path) -> None:
    command = (
        r"hf download google/t5gemma-9b-9b-ul2 --include '\*\.json' --include '\*\.safetensors' --local-dir"
    )
    with pytest.raises(MissingModel, match=rf"config\.json, tokenizer\.json.*Get it by: {command}"):
        T5GemmaText.from_folder(tmp_path, "cpu")


def test_missing_shard_is_named(tmp_path: Path) -> None:
    save(tmp_path, network())
    (tmp_path / "model-00001-of-00002.safetensors").unlink()
    with pytest.raises(
        MissingModel, match=r"model-00001-of-00002\.safetensors not found beside .*Get it by: hf"
    ):
        T5GemmaText.from_folder(tmp_path, "cpu")
