"""Finds NaN and infinity in weights and in results: a clip of them is black, silent, or loud noise."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from generators.base import GenerationError

_SHOWN = 5
"""Names in one error message."""


class NotFinite(GenerationError, ArithmeticError):
    """A stage's result holds NaN or infinity, so that there is no clip."""


def require_finite(stage: str, *results: Tensor | None) -> None:
    """Raises NotFinite where a stage's result holds NaN or infinity."""
    if any(result is not None and not is_finite(result) for result in results):
        raise NotFinite(
            f"The result of stage {stage!r} must be finite; got NaN or infinity. "
            "The weights or the inputs overflow in this precision: try another checkpoint, seed or device."
        )


def unfit(tensors: Mapping[str, Tensor]) -> str | None:
    """What to say of weights that hold NaN or infinity; None if they don't."""
    names = [name for name, tensor in tensors.items() if not is_finite(tensor)]
    if not names:
        return None
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"weights must be finite; got NaN or infinity in {', '.join(names[:_SHOWN])}{more}"


def is_finite(tensor: Tensor) -> bool:
    """Whether all values are numbers; so are those of a tensor that has no memory yet."""
    return tensor.is_meta or bool(torch.isfinite(tensor).all())
