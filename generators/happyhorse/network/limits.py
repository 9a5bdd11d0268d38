"""Limits of clips: those of every model, and those of one model. Imports nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass

from generators.base import InvalidInput
from generators.happyhorse.network.facts import (
    FPS,
    PATCH,
    SPATIAL_STRIDE,
    TEMPORAL_STRIDE,
    TRAINED_LEVELS,
    WINDOW,
)

LONGEST_S = 3600.0
"""Longest clip of any model, in seconds; memory and the toy model allow less."""
LARGEST_SIDE = 8192
"""Longest side in pixels: H.264 has no level for more."""
MOST_STEPS = TRAINED_LEVELS
"""Largest number of sampling steps."""


def require_duration(seconds: float) -> None:
    """Raise InvalidInput if no model makes clips of this duration; NaN is refused, too."""
    if not 0 < seconds <= LONGEST_S:
        raise InvalidInput(f"A clip must last more than 0 s, and at most {LONGEST_S:g} s; got {seconds:g} s.")


def require_steps(steps: int | None) -> None:
    """Raise InvalidInput if no sampler takes this number of steps; None is the model's own number."""
    if steps is not None and not (type(steps) is int and 1 <= steps <= MOST_STEPS):
        raise InvalidInput(f"steps must be a whole number from 1 to {MOST_STEPS}; got {steps}.")


@dataclass(frozen=True)
class Limits:
    """Limits of one model's clips; the defaults are the public model's."""

    fps: int = FPS
    """Video frames, and audio latents, in a second."""
    temporal_stride: int = TEMPORAL_STRIDE
    """Video frames in each latent frame but the first."""
    spatial_stride: int = SPATIAL_STRIDE
    """Pixels along one side of a latent pixel."""
    window: int = WINDOW
    """Latent frames that the network sees at once; longer clips take several windows."""
    overlap: int = 8
    """Latent frames that neighbouring windows share at least."""
    longest_s: float | None = None
    """Longest clip in seconds, if windows don't help."""
    only_size: tuple[int, int] | None = None
    """Width and height in pixels, if the model makes no others."""

    @property
    def side_multiple(self) -> int:
        """Pixels along one side of a token."""
        return PATCH * self.spatial_stride

    def frames(self, duration_s: float) -> int:
        """Return the number of video frames, and of audio latents: one more than the duration holds."""
        return round(self.fps * duration_s) + 1

    def latent_frames(self, duration_s: float) -> int:
        """Return the number of latent frames; video frames that don't fill one are left out."""
        return (self.frames(duration_s) - 1) // self.temporal_stride + 1

    def require_clip(self, duration_s: float, width: int, height: int) -> None:
        """Raise InvalidInput if the model makes no clips of this finite duration or of this size."""
        self._require_side("width", width)
        self._require_side("height", height)
        self._require_only_size(width, height)
        if self.frames(duration_s) < 2:
            raise InvalidInput(f"A clip must last 1/{self.fps} s or more; got {duration_s} s.")
        if self.longest_s is not None and duration_s > self.longest_s:
            raise InvalidInput(
                f"A clip of this model must last at most {self.longest_s} s; got {duration_s} s."
            )

    def _require_side(self, name: str, side: int) -> None:
        multiple = self.side_multiple
        if side < multiple or side % multiple:
            lower = max(side // multiple, 1) * multiple
            near = f"Try {lower} or {lower + multiple}."
            raise InvalidInput(f"The {name} must be a multiple of {multiple} pixels; got {side}. {near}")

    def _require_only_size(self, width: int, height: int) -> None:
        if self.only_size is not None and self.only_size != (width, height):
            raise InvalidInput(
                f"A clip of this model must be {'×'.join(map(str, self.only_size))} pixels; "
                f"got {width}×{height}. Enlarging makes squares of its pixels."
            )


PUBLIC = Limits()
"""Limits of the public model."""
