"""Sizes and rates in which clips are made and shown. Imports nothing heavy, as every process reads it."""

from __future__ import annotations

from arena.media.intake import LIMITS

LEAST_SIDE_PX = 16
LEAST_FPS = 1


def require_size(width: int, height: int) -> None:
    """Raise ValueError unless both sides are even, as H.264 needs, and within the limits."""
    for name, side in (("width", width), ("height", height)):
        if not LEAST_SIDE_PX <= side <= LIMITS.side_px or side % 2:
            raise ValueError(
                f"{name} must be even and from {LEAST_SIDE_PX} to {LIMITS.side_px} pixels; got {side}. "
                "Choose another."
            )


def require_fps(fps: float) -> None:
    """Raise ValueError unless a clip can be shown at this rate."""
    if not LEAST_FPS <= fps <= LIMITS.fps:
        raise ValueError(
            f"fps must be from {LEAST_FPS} to {LIMITS.fps:g} frames in a second; got {fps}. Choose another."
        )
