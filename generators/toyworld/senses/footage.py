"""A decoded clip: what a viewer sees and hears. Needs no media library."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Footage:
    """Frames and sound of a clip, with their times in seconds on one clock."""

    frames: NDArray[np.uint8]
    """Pictures of the box alone, (time, side, side, 3)."""
    times_s: NDArray[np.float64]
    """Time of each frame, (time,)."""
    samples: NDArray[np.float32] | None = None
    """Sound, (samples,) or (samples, 2); None without a sound track."""
    sample_rate: int = 16_000
    sound_start_s: float = 0.0
    """Time of the first sample."""
    box: tuple[int, int] | None = None
    """Width and height of the box in the file's pixels; None if the clip doesn't come from a file."""

    @classmethod
    def at_rate(
        cls,
        frames: NDArray[np.uint8],
        fps: float,
        samples: NDArray[np.float32] | None = None,
        sample_rate: int = 16_000,
    ) -> Footage:
        """Return a clip whose frames follow each other at a steady rate, from time 0 like its sound.

        Args:
            frames: Pictures of the box, (time, side, side, 3).
            fps: Frames a second.
            samples: Sound, (samples,) or (samples, 2); None without a sound track.
            sample_rate: Hz.
        """
        return cls(frames, np.arange(len(frames)) / fps, samples, sample_rate)

    @property
    def mono(self) -> NDArray[np.float32]:
        """Mean of the channels, (samples,); empty without a sound track."""
        if self.samples is None or not self.samples.size:
            return np.zeros(0, np.float32)
        return np.asarray(self.samples.reshape(len(self.samples), -1).mean(axis=1))
