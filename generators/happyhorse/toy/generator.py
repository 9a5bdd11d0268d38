"""Earlier address of `ToyHappyHorse`, kept for scripts that import it."""

from __future__ import annotations

from generators.happyhorse.generator import ToyHappyHorse

__all__ = ["ToyHappyHorse"]
