"""Encode prompts by T5Gemma's encoder, which is loaded only for as long as it encodes.

Its numbers are those of the public code: bfloat16, no special tokens, no soft cap on attention, at most 640
tokens, and results rounded to float16.
"""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import cast

import torch
from safetensors import safe_open
from tokenizers import Tokenizer
from torch import Tensor, nn
from transformers import T5GemmaConfig, T5GemmaModuleConfig
from transformers.models.t5gemma.modeling_t5gemma import T5GemmaEncoder, T5GemmaRotaryEmbedding

from generators.base import InvalidInput
from generators.happyhorse.codecs.weights import fill
from generators.happyhorse.hub import T5GEMMA, MissingModel
from generators.happyhorse.network.facts import TEXT_TOKENS

_PREFIX = "model.encoder."
_MOST_KEPT = 64
"""Prompts whose features are kept: 4.6 MB for each of the longest."""


class T5GemmaText:
    """A `TextEncoder` that keeps the features of its last 64 prompts, which later clips may share."""

    def __init__(self, tokenizer: Tokenizer, load_network: Callable[[], nn.Module]) -> None:
        self.tokenizer = tokenizer
        self.load_network = load_network
        self._features: OrderedDict[bytes, Tensor] = OrderedDict()
        """Features in float16 by the prompt's SHA-256, the last used at the end."""

    @classmethod
    def from_folder(cls, folder: Path | None, device: torch.device | str) -> T5GemmaText:
        """Read the tokenizer at once; the weights follow when they are needed.

        Args:
            folder: Folder of the public model's files; None for the hub's cache.
            device: Where to encode.

        Raises:
            MissingModel: A file is missing.
        """
        config, tokenizer, index = T5GEMMA.locate(folder)
        shards = _shards(index, folder)
        return cls(Tokenizer.from_file(str(tokenizer)), lambda: _load(config, shards, device))

    def check(self, prompt: str) -> None:
        """Check a prompt by the tokenizer alone.

        Raises:
            InvalidInput: The prompt is empty or too long.
        """
        count = len(self._tokens(prompt))
        if not prompt.strip() or count == 0:
            raise InvalidInput("The prompt is empty. Describe what is to be seen and heard.")
        if count > TEXT_TOKENS:
            raise InvalidInput(
                f"The prompt has {count} tokens; at most {TEXT_TOKENS} are allowed. "
                f"Shorten it by about {1 - TEXT_TOKENS / count:.0%}."
            )

    def encode(self, *prompts: str) -> tuple[Tensor, ...]:
        """Encode each prompt to features (tokens, channels), float32 on the CPU, cut to 640 tokens."""
        hashes = [hashlib.sha256(prompt.encode()).digest() for prompt in prompts]
        found = dict(self._features)
        if new := {each: prompt for each, prompt in zip(hashes, prompts, strict=True) if each not in found}:
            network = self.load_network()
            found |= {each: self._run(network, prompt) for each, prompt in new.items()}
        self._keep({each: found[each] for each in hashes})
        return tuple(found[each].float() for each in hashes)

    def _keep(self, used: dict[bytes, Tensor]) -> None:
        for each, features in used.items():
            self._features[each] = features
            self._features.move_to_end(each)
        while len(self._features) > _MOST_KEPT:
            self._features.popitem(last=False)

    @torch.inference_mode()
    def _run(self, network: nn.Module, prompt: str) -> Tensor:
        # The public code cuts after encoding, so that tokens beyond the limit still influence the others.
        device = next(network.parameters()).device
        tokens = torch.tensor([self._tokens(prompt)], device=device)
        found = network(input_ids=tokens, attention_mask=torch.ones_like(tokens)).last_hidden_state
        features: Tensor = found[0, :TEXT_TOKENS].to(torch.float16).cpu()
        return features

    def _tokens(self, prompt: str) -> list[int]:
        return list(self.tokenizer.encode(prompt, add_special_tokens=False).ids)


def build(config: T5GemmaModuleConfig, dtype: torch.dtype = torch.bfloat16) -> nn.Module:
    """Build the encoder without trained weights; under `torch.device("meta")`, on the meta device."""
    # The public model was trained on features without a soft cap, although the configuration has one.
    uncapped = T5GemmaConfig(encoder=config.to_dict() | {"attn_logit_softcapping": None}).encoder
    network: nn.Module = T5GemmaEncoder._from_config(  # type: ignore[no-untyped-call]  # transformers types its configurations only
        uncapped, dtype=dtype, attn_implementation="eager"
    )
    return network.eval().requires_grad_(False)


def _shards(index: Path, folder: Path | None) -> dict[str, Path]:
    """Return the file of each of the encoder's tensors.

    Raises:
        MissingModel: A file is missing.
    """
    files: dict[str, str] = json.loads(index.read_text())["weight_map"]
    found = {name: index.with_name(file) for name, file in files.items() if name.startswith(_PREFIX)}
    missing = sorted({path.name for path in found.values() if not path.is_file()})
    if missing:
        command = T5GEMMA.command(folder)
        raise MissingModel(
            f"{T5GEMMA.title}: {', '.join(missing)} not found beside {index}. Get it by: {command}"
        )
    return found


def _load(config: Path, shards: dict[str, Path], device: torch.device | str) -> nn.Module:
    sizes = cast(T5GemmaModuleConfig, T5GemmaConfig.from_json_file(str(config)).encoder)
    with torch.device("meta"):
        network = build(sizes)
    tensors: dict[str, Tensor] = {}
    for path in sorted(set(shards.values())):
        with safe_open(path, framework="pt", device=str(device)) as file:
            held = (name for name, shard in shards.items() if shard == path)
            tensors |= {name.removeprefix(_PREFIX): file.get_tensor(name).to(torch.bfloat16) for name in held}
    fill(network, tensors, config.parent)
    # The rotary frequencies are computed, not stored, so they have no values yet.
    network.rotary_emb = T5GemmaRotaryEmbedding(cast(T5GemmaConfig, sizes)).to(device)  # annotated too widely
    return network
