"""How long a clip the toy model makes at most."""

from __future__ import annotations

from generators.toyworld.world.examples import FPS, FRAMES

LONGEST_S = (FRAMES - 1) / FPS
