"""Load a pipeline of diffusers from a checkpoint on this machine: dtype, quantisation, offload, device."""

from __future__ import annotations

import importlib
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from generators.adapters.diffusers_checkpoint import Checkpoint
from generators.adapters.diffusers_families import FAMILIES
from generators.adapters.diffusers_memory import is_quantised
from generators.adapters.diffusers_offload import offload
from generators.adapters.diffusers_settings import NAME, LocalTerms
from generators.adapters.models import Mode
from generators.base import Unavailable

if TYPE_CHECKING:
    import torch

PACKAGES = ("torch", "diffusers", "transformers")
_LONGEST_REASON = 200


def require_packages() -> None:
    """Raise Unavailable, with the command that installs it, for a package that isn't there."""
    for name in PACKAGES:
        try:
            importlib.import_module(name)
        except ImportError as error:
            raise Unavailable(
                f"The generator '{NAME}' needs {name}. Get it by: pip install '.[generators,local]'"
            ) from error


def load_pipeline(terms: LocalTerms, mode: Mode, checkpoint: Checkpoint, device: torch.device) -> Any:  # noqa: ANN401
    """Load a checkpoint, ready to make clips.

    Raises:
        Unavailable: This version of diffusers lacks the pipeline, or the checkpoint doesn't fit its classes.
    """
    family = FAMILIES[terms.model.family]
    kind = _class("diffusers", family.pipelines[mode])
    try:
        pipeline = _from_checkpoint(kind, terms, checkpoint, family.float32_parts)
    except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
        raise Unavailable(
            f"{checkpoint.folder} must hold a whole checkpoint of {terms.model.repo}; it cannot be loaded: "
            f"{_first_words(error)}. Fetch it again."
        ) from error
    pipeline.set_progress_bar_config(disable=True)
    _quantise(pipeline, terms)
    _place(pipeline, terms, device)
    return pipeline


def _first_words(error: Exception) -> str:
    """Return the start of an error's text on one line: some list every tensor of a model."""
    text = " ".join(str(error).split()).rstrip(".")
    return text if len(text) <= _LONGEST_REASON else f"{text[:_LONGEST_REASON]}…"


def _from_checkpoint(kind: Any, terms: LocalTerms, checkpoint: Checkpoint, float32: Collection[str]) -> Any:  # noqa: ANN401
    import torch

    dtype = getattr(torch, terms.dtype)
    dtypes = {"default": dtype} | dict.fromkeys(float32, torch.float32)
    loaded = {
        name: _load_component(_class("diffusers", entry[1]), checkpoint.folder / name, dtype)
        for name, entry in checkpoint.index.items()
        if isinstance(entry, list) and entry[0] == "diffusers" and _keeps_float32(entry[1])
    }
    return kind.from_pretrained(
        checkpoint.folder, dtype=dtypes, local_files_only=True, use_safetensors=True, **loaded
    )


def _class(module: str, name: str) -> Any:  # noqa: ANN401 - a class of diffusers
    found = getattr(importlib.import_module(module), name, None)
    if found is None:
        version = importlib.import_module(module).__version__
        raise Unavailable(f"diffusers {version} has no {name}. Get it by: pip install 'diffusers~=0.42.1'")
    return found


def _keeps_float32(name: str) -> bool:
    """Whether a class keeps some layers in float32: its own loader needs the package accelerate for that."""
    return bool(getattr(_class("diffusers", name), "_keep_in_fp32_modules", None))


def _load_component(kind: Any, folder: Path, dtype: torch.dtype) -> Any:  # noqa: ANN401
    """Load a model strictly, in `dtype` but for the layers that its class keeps in float32."""
    import torch
    from diffusers.models.modeling_utils import no_init_weights
    from safetensors.torch import load_file

    with no_init_weights():
        module = kind.from_config(kind.load_config(folder))
    state = {}
    for path in sorted(folder.glob("*.safetensors")):
        for name, tensor in load_file(path).items():
            kept = any(part in name.split(".") for part in kind._keep_in_fp32_modules)
            state[name] = tensor.to(torch.float32 if kept else dtype)
    module.load_state_dict(state, assign=True)
    return module.eval().requires_grad_(False)


def _quantise(pipeline: Any, terms: LocalTerms) -> None:  # noqa: ANN401
    """Store the transformers' weights in eight bits; each layer computes in the dtype, as without it."""
    import torch

    for name, part in pipeline.components.items():
        if is_quantised(name, terms) and part is not None:
            part.enable_layerwise_casting(
                storage_dtype=torch.float8_e4m3fn, compute_dtype=getattr(torch, terms.dtype)
            )


def _place(pipeline: Any, terms: LocalTerms, device: torch.device) -> None:  # noqa: ANN401
    """Move the pipeline to the device, or have its weights follow the computation there."""
    if terms.offload == "none":
        pipeline.to(device)
    else:
        offload(pipeline, terms.offload, device)
