"""Names of the faster ways to run a network. Imports nothing heavy: a generator's settings refer to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

from generators.base import InvalidInput

Way = Literal["compiled", "flex", "fused", "graphs", "grouped", "tiles"]
"""A faster way.

- `compiled`: each layer is one graph with static shapes, by `torch.compile`.
- `flex`: local attention by FlexAttention's block mask.
- `fused`: norms are folded into the products after them; gates and values of the MLPs lie apart.
- `graphs`: a step's forward is recorded once as a CUDA graph, and replayed.
- `grouped`: grouped-query attention never copies keys and values for each query head.
- `tiles`: the turbo decoder works on tiles, channels last.
"""
WAYS: tuple[Way, ...] = get_args(Way)
Fit = Literal["auto", "8", "12", "16", "24", "48", "80"]
"""Memory to plan for: what the device has left, or so many GiB."""
FITS: tuple[Fit, ...] = get_args(Fit)


def read_ways(names: Sequence[str]) -> tuple[Way, ...]:
    """Return faster ways in their fixed order, without repetition.

    Raises:
        InvalidInput: A name is unknown.
    """
    if strange := [name for name in names if name not in WAYS]:
        raise InvalidInput(f"fast must be some of {', '.join(WAYS)}; got {strange[0]!r}.")
    return tuple(way for way in WAYS if way in names)


def split_ways(text: str) -> tuple[Way, ...]:
    """Read names that commas separate; an empty text names none.

    Raises:
        InvalidInput: A name is unknown.
    """
    return read_ways([name.strip() for name in text.split(",") if name.strip()])
