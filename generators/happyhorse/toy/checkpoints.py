"""Weights of the toy model in the package, by kind and number of steps."""

from __future__ import annotations

from pathlib import Path

WEIGHTS = Path(__file__).with_name("weights")
STUDENTS = (8, 4, 2)
"""Numbers of steps of the distilled students; another number of steps uses the first of them."""


def weights_file(kind_name: str, steps: int | None) -> Path:
    """Return the weights of a kind, `base` or `distilled`, for a number of steps; None for its own number."""
    if kind_name == "base":
        return WEIGHTS / "base.safetensors"
    return WEIGHTS / f"{steps if steps in STUDENTS else STUDENTS[0]}step.safetensors"
