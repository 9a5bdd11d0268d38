"""The one form in which all renditions of a track are shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

Preset = Literal["ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow"]
PRESETS: tuple[str, ...] = get_args(Preset)


@dataclass(frozen=True)
class Profile:
    """Geometry, frame rate, encoder settings and loudness that both sides of a ballot share."""

    name: str
    width: int
    height: int
    fps: int
    crf: int = 16
    """x264's quality: lower is better and larger. 16 with `veryfast` scored VMAF 96.5 on grainy 1080p."""
    preset: Preset = "veryfast"
    loudness_lufs: float = -23.0
    """Integrated, ITU-R BS.1770. Low enough that few clips need their peaks limited."""
    true_peak_dbtp: float = -1.5
    sample_rate: int = 48_000
    """Hertz; the sound is always stereo."""
    audio_bitrate: int = 192_000
    """Bits per second."""

    def __post_init__(self) -> None:
        """Refuse settings that x264 or AAC would refuse later, clip by clip."""
        for field, low, high in (
            ("width", 16, 4096),
            ("height", 16, 4096),
            ("fps", 1, 120),
            ("crf", 0, 51),
            ("loudness_lufs", -40, -10),
            ("true_peak_dbtp", -9, 0),
            ("audio_bitrate", 64_000, 320_000),
        ):
            value = getattr(self, field)
            if not low <= value <= high:
                raise ValueError(f"Profile '{self.name}': {field} is {value}; allowed: {low} to {high}.")
        if self.width % 2 or self.height % 2:
            raise ValueError(
                f"Profile '{self.name}': {self.width}×{self.height} has an odd side; H.264 needs even ones."
            )
        if self.preset not in PRESETS:
            raise ValueError(
                f"Profile '{self.name}': unknown preset '{self.preset}'. Known: {', '.join(PRESETS)}."
            )
        if self.sample_rate not in (44_100, 48_000):
            raise ValueError(
                f"Profile '{self.name}': sample_rate is {self.sample_rate}; allowed: 44100, 48000."
            )

    def frames_in(self, duration_s: float) -> int:
        """Number of whole frames nearest to a duration; at least one."""
        return max(1, round(duration_s * self.fps))

    def samples_in(self, frames: int) -> int:
        """Number of sound samples that last as long as so many frames."""
        return round(frames * self.sample_rate / self.fps)

    def fit(self, width: int, height: int) -> tuple[int, int]:
        """Largest even size of the same shape inside the frame: nothing is cropped, the rest is padded."""
        scale = min(self.width / width, self.height / height)
        return _even(width * scale), _even(height * scale)


def _even(length: float) -> int:
    return max(2, 2 * round(length / 2))
