"""The weights that ship with the package, and which of them a number of steps takes."""

from __future__ import annotations

from pathlib import Path

WEIGHTS = Path(__file__).with_name("weights")
STUDENTS = (8, 4, 2)
"""Steps that a shipped student was distilled to; another number of steps is taken by the first of them."""


def weights_file(kind_name: str, steps: int | None) -> Path:
    """The shipped weights of a kind, `base` or `distilled`, that take so many steps."""
    if kind_name == "base":
        return WEIGHTS / "base.safetensors"
    return WEIGHTS / f"{steps if steps in STUDENTS else STUDENTS[0]}step.safetensors"
