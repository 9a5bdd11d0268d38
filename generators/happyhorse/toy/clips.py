"""The longest clip of the toy model."""

from __future__ import annotations

from generators.toyworld.world.examples import FPS, FRAMES

LONGEST_S = (FRAMES - 1) / FPS
"""Seconds."""
