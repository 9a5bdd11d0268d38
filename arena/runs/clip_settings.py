"""What every clip of a run is asked to be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class ClipSettings:
    """What every clip of a run is asked to be, and what every rendition of it is."""

    duration_s: float
    width: int
    height: int
    fps: float

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> ClipSettings:
        """Read the settings of a run or a job."""
        return cls(**{name: settings[name] for name in ("duration_s", "width", "height", "fps")})

    def __str__(self) -> str:
        return f"{self.width}×{self.height}, {self.duration_s:.4g} s, {self.fps:.4g} fps"

    def as_dict(self) -> dict[str, float]:
        """Return the settings for JSON; equal settings give equal text, and so equal hashes."""
        fps = int(self.fps) if self.fps == int(self.fps) else self.fps
        return {**asdict(self), "duration_s": float(self.duration_s), "fps": fps}

    def __post_init__(self) -> None:
        if not 0 < self.duration_s <= 60:
            raise ValueError(
                f"A duration of {self.duration_s} s can't be made. Allowed: above 0, up to 60 s."
            )
        for name, value in (("width", self.width), ("height", self.height)):
            if not 16 <= value <= 4096 or value % 2:
                raise ValueError(f"A {name} of {value} can't be encoded. Allowed: even, 16 to 4096.")
        if not 1 <= self.fps <= 120:
            raise ValueError(f"A frame rate of {self.fps} can't be made. Allowed: 1 to 120.")
