"""What the small model's clips are like; its training clips, too."""

from __future__ import annotations

SIDE = 64
"""Pixels; clips are square."""
FPS = 16
FRAMES = 33
"""The first latent stands for one frame, each other for four."""
LONGEST_S = (FRAMES - 1) / FPS
