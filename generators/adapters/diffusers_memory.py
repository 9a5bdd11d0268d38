"""Memory that a clip needs, by dtype, offload and quantisation, against what is free."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from generators.adapters.diffusers_checkpoint import Checkpoint, Weight
from generators.adapters.diffusers_fitting import LocalAsk
from generators.adapters.diffusers_settings import LocalTerms
from generators.base import InvalidInput
from generators.free_memory import GIB, free_bytes, free_main_memory

if TYPE_CHECKING:
    import torch

_BYTES = {"bfloat16": 2, "float16": 2, "float32": 4, "float8": 1}
_IN_FLIGHT = 2
"""Groups of weights on the device at once while it is offloaded: the one in use and the one that follows."""


class LocalMemoryError(InvalidInput, MemoryError):
    """Clip that needs more memory than there is. The message says how much, and what would fit."""


def require_memory(
    ask: LocalAsk, checkpoint: Checkpoint, float32: tuple[str, ...], device: torch.device
) -> None:
    """Raise before any weights are loaded if they, or the clip, cannot fit.

    Args:
        ask: The clip.
        checkpoint: Weights that it needs.
        float32: Components that stay in float32.
        device: Device that computes.

    Raises:
        LocalMemoryError: The device, or main memory, has less left than is needed.
    """
    _require(ask, checkpoint, float32, free_bytes(device), str(device))
    if device.type != "cpu":
        whole = sum(weight_bytes(checkpoint, ask.terms, float32).values())
        left = free_main_memory()
        if left is not None and whole > left:
            raise LocalMemoryError(
                f"{ask.terms.model.id} takes {whole / GIB:.1f} GiB of main memory while it is loaded; "
                f"{left / GIB:.1f} GiB are free. Free some, or choose a smaller model."
            )


def needed_bytes(ask: LocalAsk, checkpoint: Checkpoint, float32: tuple[str, ...]) -> int:
    """Estimate the bytes that a device holds at once: weights, and the clip's tensors."""
    terms = ask.terms
    if terms.offload == "none":
        weights = sum(weight_bytes(checkpoint, terms, float32).values())
    else:
        weights = _IN_FLIGHT * max(_group_bytes(checkpoint, terms, float32), default=0)
    return weights + _work_bytes(ask)


def weight_bytes(checkpoint: Checkpoint, terms: LocalTerms, float32: tuple[str, ...]) -> dict[str, int]:
    """Return the bytes of each component's weights once they are loaded."""
    return {
        part: _width(part, terms, float32) * sum(tensor.count for tensor in tensors)
        for part, tensors in checkpoint.weights.items()
    }


def _require(
    ask: LocalAsk, checkpoint: Checkpoint, float32: tuple[str, ...], left: int | None, device: str
) -> None:
    needed = needed_bytes(ask, checkpoint, float32)
    if left is None or needed <= left:
        return
    fitting = next(
        (each for each in _alternatives(ask, device) if needed_bytes(each, checkpoint, float32) <= left), None
    )
    advice = "Choose a smaller model, a shorter clip or another device."
    if fitting is not None:
        size = needed_bytes(fitting, checkpoint, float32) / GIB
        advice = f"With {_named(fitting.terms)} it takes about {size:.1f} GiB."
    raise LocalMemoryError(
        f"{ask.terms.model.id} at {ask.width}×{ask.height}, {ask.frames} frames takes about "
        f"{needed / GIB:.1f} GiB; {device} has {left / GIB:.1f} GiB free. {advice}"
    )


def _alternatives(ask: LocalAsk, device: str) -> Iterator[LocalAsk]:
    """Yield the same clip with settings that take less memory, the fastest first."""
    yield replace(ask, terms=replace(ask.terms, quantisation="float8"))
    if device != "cpu":
        for offload in ("blocks", "leaves"):
            yield replace(ask, terms=replace(ask.terms, offload=offload))


def _named(terms: LocalTerms) -> str:
    return f"'offload: {terms.offload}' and 'quantisation: {terms.quantisation}'"


def _width(part: str, terms: LocalTerms, float32: tuple[str, ...]) -> int:
    """Return the bytes of one element of a component."""
    if part in float32:
        return _BYTES["float32"]
    return _BYTES[terms.quantisation if is_quantised(part, terms) else terms.dtype]


def is_quantised(part: str, terms: LocalTerms) -> bool:
    """Whether a component's weights are quantised: those of the transformers are."""
    return terms.quantisation != "none" and part.startswith("transformer")


def _group_bytes(checkpoint: Checkpoint, terms: LocalTerms, float32: tuple[str, ...]) -> Iterator[int]:
    """Yield the bytes of each group of weights that is moved to the device by itself."""
    for part, tensors in checkpoint.weights.items():
        sizes: Counter[str] = Counter()
        for tensor in tensors:
            sizes[_group(tensor, terms.offload)] += tensor.count
        yield from (count * _width(part, terms, float32) for count in sizes.values())


def _group(tensor: Weight, offload: str) -> str:
    """Return the layer or, for blocks, the numbered block that a tensor belongs to."""
    block = re.match(r".*?\.\d+(?=\.)", tensor.name) if offload == "blocks" else None
    return block.group() if block else tensor.name.rpartition(".")[0]


def _work_bytes(ask: LocalAsk) -> int:
    """Scale the row's estimate, which is for its largest size and longest clip, by the clip's voxels."""
    model = ask.terms.model
    largest = max(width * height for width, height in model.sizes)
    # A model of long clips works on one chunk of frames at a time; about five seconds stand for it.
    longest = min(model.frames.longest, 5 * model.fps)
    share = ask.width * ask.height * min(ask.frames, longest) / (largest * longest)
    return int(model.work_gib * GIB * share)
