"""Files of low-rank additions: PEFT's and diffusers' layout, and Kohya's.

- PEFT: `base_model.model.NAME.lora_A.weight` and `….lora_B.weight`; `lora_alpha` in `adapter_config.json`.
- diffusers: `transformer.NAME.lora_A.weight` and `….lora_B.weight`; alpha in the file's metadata, if at all.
- ComfyUI: the same under `diffusion_model.`.
- Kohya: `lora_unet_NAME.lora_down.weight`, `….lora_up.weight` and `….alpha`, with `_` for the name's dots.

The scale is alpha / rank, alpha / √rank with PEFT's `use_rslora`, and 1 where no alpha is stated.
"""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from generators.base import InvalidInput, Unavailable
from generators.happyhorse.adaptation.lora import Addition, Additions, Product
from generators.happyhorse.network.finite import name_some, unfit
from generators.replacing import replacing

_PREFIXES = ("base_model.model.", "diffusion_model.", "transformer.", "model.")
_KOHYA = ("lora_unet_", "lora_transformer_")
_PARTS = {
    ".lora_A.weight": "down",
    ".lora_A.default.weight": "down",
    ".lora_down.weight": "down",
    ".lora_B.weight": "up",
    ".lora_B.default.weight": "up",
    ".lora_up.weight": "up",
    ".alpha": "alpha",
}
"""End of a key, and what it holds."""
_METADATA = "lora_adapter_metadata"
"""Name under which diffusers writes the settings of an adapter into the file's head."""


class LoraError(Unavailable, ValueError):
    """File of additions that is missing or damaged, or that belongs to another network."""


def read_lora(path: Path, known: Mapping[str, Product]) -> dict[str, Addition]:
    """Read additions to some of a network's products, in float32 on the CPU.

    Args:
        path: A safetensors file, or PEFT's folder with `adapter_model.safetensors`.
        known: The network's products by name.

    Raises:
        LoraError: The file is missing or damaged, names another network's products, has other shapes, lacks
            half of a pair, or holds NaN or infinity; the message names the key.
    """
    file = lora_file(path)
    tensors, metadata = _read(file)
    if fault := unfit(tensors):
        raise LoraError(f"{file}: {fault}. Download or train it again.")
    parts = _by_product(file, tensors, known)
    settings = _settings(file, metadata)
    return {name: _addition(file, name, found, known[name], settings) for name, found in parts.items()}


def read_strength(text: str) -> tuple[Path, float]:
    """Read FILE or FILE=STRENGTH.

    Raises:
        InvalidInput: The strength is no number.
    """
    path, _, strength = text.partition("=")
    try:
        return Path(path), float(strength or 1)
    except ValueError as error:
        raise InvalidInput(
            f"lora must be FILE or FILE=STRENGTH; got {text}. Give a number after =."
        ) from error


def lora_file(path: Path) -> Path:
    """Return the file that holds the additions: the path itself, or the one in PEFT's folder."""
    return path / "adapter_model.safetensors" if path.is_dir() else path


def write_lora(additions: Additions, path: Path) -> None:
    """Write additions as diffusers does, which PEFT and ComfyUI read as well; replace an earlier file."""
    tensors: dict[str, Tensor] = {}
    for name, addition in additions.items():
        # The scale goes into `up`, so that no reader needs to know it.
        tensors[f"transformer.{name}.lora_A.weight"] = addition.down.detach().float().cpu().contiguous()
        up = addition.up.detach().float().cpu() * addition.scale
        tensors[f"transformer.{name}.lora_B.weight"] = up.contiguous()
    with replacing(path) as draft:
        save_file(tensors, draft, metadata={"format": "pt"})


def _read(file: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    if not file.is_file():
        raise LoraError(f"There is no LoRA at {file}. Give a safetensors file, or PEFT's folder.")
    try:
        with safe_open(file, framework="pt") as stream:
            tensors = {key: stream.get_tensor(key).float() for key in stream.keys()}  # noqa: SIM118
            return tensors, stream.metadata() or {}
    except (OSError, SafetensorError, ValueError) as error:
        raise LoraError(f"Can't read the LoRA in {file}: {error}. Download or train it again.") from error


def _by_product(
    file: Path, tensors: Mapping[str, Tensor], known: Mapping[str, Product]
) -> dict[str, dict[str, Tensor]]:
    """Return `down`, `up` and `alpha` of each product that the file has additions to."""
    underscored = {name.replace(".", "_"): name for name in known}
    found: dict[str, dict[str, Tensor]] = defaultdict(dict)
    strange = []
    for key, tensor in tensors.items():
        ending = next((ending for ending in _PARTS if key.endswith(ending)), None)
        name = None if ending is None else _name(key.removesuffix(ending), known, underscored)
        if ending is None or name is None:
            strange.append(key)
        else:
            found[name][_PARTS[ending]] = tensor
    if strange or not found:
        shown = name_some(sorted(strange)) or "no key at all"
        raise LoraError(
            f"{file} must hold additions to {len(known)} products such as {next(iter(known))}; got {shown}. "
            "Use a LoRA of this network."
        )
    return found


def _name(stem: str, known: Mapping[str, Product], underscored: Mapping[str, str]) -> str | None:
    for prefix in _KOHYA:
        if stem.startswith(prefix):
            return underscored.get(stem.removeprefix(prefix))
    for prefix in _PREFIXES:
        stem = stem.removeprefix(prefix)
    return stem if stem in known else None


def _settings(file: Path, metadata: Mapping[str, str]) -> dict[str, object]:
    """Return an adapter's settings, from diffusers' metadata or from the file beside PEFT's."""
    if _METADATA in metadata:
        given: dict[str, object] = json.loads(metadata[_METADATA])
        return {name.removeprefix("transformer."): value for name, value in given.items()}
    beside = file.with_name("adapter_config.json")
    if beside.is_file():
        read: dict[str, object] = json.loads(beside.read_text())
        return read
    return {}


def _addition(
    file: Path, name: str, parts: Mapping[str, Tensor], product: Product, settings: Mapping[str, object]
) -> Addition:
    if missing := {"down", "up"} - parts.keys():
        raise LoraError(
            f"{file} must hold both matrices of {name}; got no {missing.pop()}. Download it again."
        )
    down, up = parts["down"], parts["up"]
    rank = len(down)
    rows = product.experts * product.outputs
    if down.shape != (rank, product.inputs) or up.shape != (rows, rank):
        raise LoraError(
            f"{file} must hold matrices ({rank}, {product.inputs}) and ({rows}, {rank}) for {name}; "
            f"got {tuple(down.shape)} and {tuple(up.shape)}. Use a LoRA of this network."
        )
    return Addition(down, up, _scale(rank, parts.get("alpha"), settings))


def _scale(rank: int, alpha: Tensor | None, settings: Mapping[str, object]) -> float:
    if alpha is not None:
        return float(alpha) / rank
    stated = settings.get("lora_alpha")
    if not isinstance(stated, int | float):
        return 1.0
    return float(stated) / (math.sqrt(rank) if settings.get("use_rslora") else rank)
