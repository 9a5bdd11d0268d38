"""Find NaN and infinity in weights and in results: clips made of them are black, silent, or loud noise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from generators.base import GenerationError

_SHOWN = 5
"""Most names in one error message."""


class NotFinite(GenerationError, ArithmeticError):
    """NaN or infinity in a stage's result, so that there is no clip."""


def require_finite(stage: str, *results: Tensor | None) -> None:
    """Raise NotFinite if a stage's result, of any shape, holds NaN or infinity."""
    if any(result is not None and not is_finite(result) for result in results):
        raise NotFinite(
            f"The result of stage {stage!r} must be finite; got NaN or infinity. "
            "The weights or the inputs overflow in this precision: try another checkpoint, seed or device."
        )


def unfit(tensors: Mapping[str, Tensor]) -> str | None:
    """Return what is wrong with weights, of any shape, that hold NaN or infinity; None if they don't."""
    names = [name for name, tensor in tensors.items() if not is_finite(tensor)]
    return f"weights must be finite; got NaN or infinity in {name_some(names)}" if names else None


def name_some(names: Sequence[str]) -> str:
    """Join names for an error message: the first five, and how many more there are."""
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def is_finite(tensor: Tensor) -> bool:
    """Return whether all values are finite, in any shape; a tensor on the meta device, without values, is."""
    return tensor.is_meta or bool(torch.isfinite(tensor.float() if tensor.itemsize == 1 else tensor).all())
