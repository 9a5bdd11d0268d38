"""What no model of this package goes beyond. Imports nothing that a GPU's machine may lack."""

from __future__ import annotations

from generators.base import InvalidInput

LONGEST_S = 3600.0
"""Of any model's clip; memory and the toy model allow less."""
LARGEST_SIDE = 8192
"""Pixels; H.264 has no level for more."""
MOST_STEPS = 1000
"""As many noise levels as the public models were trained on."""


def require_duration(seconds: float) -> None:
    """Raises InvalidInput where no clip can last so long; NaN is refused, too."""
    if not 0 < seconds <= LONGEST_S:
        raise InvalidInput(f"A clip must last more than 0 s, and at most {LONGEST_S:g} s; got {seconds:g} s.")


def require_steps(steps: int | None) -> None:
    """Raises InvalidInput where no sampler takes so many; None stands for what the model was made for."""
    if steps is not None and not 1 <= steps <= MOST_STEPS:
        raise InvalidInput(f"steps must be a whole number from 1 to {MOST_STEPS}; got {steps}.")
