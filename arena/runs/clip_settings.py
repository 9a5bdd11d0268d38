"""Settings that every clip of a run is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from arena.media.limits import require_fps, require_size

LONGEST_S = 60.0
"""Longest clip that a rater is asked to watch, in seconds."""


@dataclass(frozen=True)
class ClipSettings:
    """Length, size and rate that every clip of a run is asked for; on equal terms, renditions have them."""

    duration_s: float
    width: int
    height: int
    fps: float
    is_native: bool = False
    """Whether each clip is shown as it is: with its own length, size, rate and loudness."""

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> ClipSettings:
        """Read the settings of a run or a job."""
        given = {name: settings[name] for name in ("duration_s", "width", "height", "fps")}
        return cls(**given, is_native=settings.get("geometry") == "native")

    def __str__(self) -> str:
        asked = f"{self.width}×{self.height}, {self.duration_s:.4g} s, {self.fps:.4g} fps"
        return f"each as it is (asked for: {asked})" if self.is_native else asked

    def as_dict(self) -> dict[str, Any]:
        """Return the settings for JSON; equal settings give equal text, and so equal hashes."""
        fps = int(self.fps) if self.fps == int(self.fps) else self.fps
        settings = {**self.asked, "duration_s": float(self.duration_s), "fps": fps}
        return {**settings, "geometry": "native"} if self.is_native else settings

    @property
    def asked(self) -> dict[str, Any]:
        """What a generator is asked for."""
        return {name: value for name, value in asdict(self).items() if name != "is_native"}

    def __post_init__(self) -> None:
        if not 0 < self.duration_s <= LONGEST_S:
            raise ValueError(
                f"duration_s must be above 0 and at most {LONGEST_S:g} s; got {self.duration_s}. "
                "Choose another."
            )
        require_size(self.width, self.height)
        require_fps(self.fps)
