"""Form in which all renditions of a track are shown."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, Self, get_args

from arena.media.limits import require_fps, require_size
from arena.media.probe import Probe

Preset = Literal["ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow"]
PRESETS: tuple[str, ...] = get_args(Preset)


@dataclass(frozen=True)
class Profile:
    """Geometry, frame rate, encoder settings and loudness that both sides of a ballot share.

    For given figures: `Profile("ballot", width=1280, height=720, fps=24)`, with even sides; the duration is
    `normalise`'s own argument. `Profile.following(probe(path))` takes size and rate from a clip.
    """

    name: str
    width: int
    height: int
    fps: float
    """Frames in a second; `rate` is exact, so that 23.976 and 24000/1001 both mean NTSC's film rate."""
    crf: int = 16
    """x264's quality: lower is better and larger. 16 with `veryfast` scored VMAF 96.5 on grainy 1080p."""
    preset: Preset = "veryfast"
    loudness_lufs: float | None = -23.0
    """Integrated loudness, ITU-R BS.1770; low enough that few clips need their peaks limited. None leaves
    each clip as loud as it is."""
    max_gain_db: float = 24.0
    """Largest gain of faint sound, which then stays too quiet: more would raise its noise."""
    true_peak_dbtp: float = -1.5
    sample_rate: int = 48_000
    """Hertz; the sound is always stereo."""
    audio_bitrate: int = 192_000
    """Bits per second."""

    def __post_init__(self) -> None:
        """Refuse settings that x264 or AAC would refuse later, clip by clip."""
        require_size(self.width, self.height)
        require_fps(self.fps)
        for field, low, high in (
            ("crf", 0, 51),
            ("loudness_lufs", -40, -10),
            ("max_gain_db", 0, 60),
            ("true_peak_dbtp", -9, 0),
            ("audio_bitrate", 64_000, 320_000),
        ):
            value = getattr(self, field)
            if value is not None and not low <= value <= high:
                raise ValueError(f"{field} must be from {low} to {high}; got {value}. Choose another.")
        if self.preset not in PRESETS:
            raise ValueError(f"preset must be one of {', '.join(PRESETS)}; got '{self.preset}'.")
        if self.sample_rate not in (44_100, 48_000):
            raise ValueError(f"sample_rate must be 44100 or 48000; got {self.sample_rate}.")

    @classmethod
    def following(cls, facts: Probe, name: str = "ballot") -> Self:
        """Return the profile that keeps a clip's displayed size, made even, and its frame rate."""
        return cls(name, width=_even(facts.width), height=_even(facts.height), fps=facts.fps)

    @property
    def rate(self) -> Fraction:
        """Frames in a second, exactly: a whole number, a multiple of 1/1.001, or the nearest thousandth."""
        ntsc = Fraction(round(self.fps * 1.001) * 1000, 1001)
        near = min((Fraction(round(self.fps)), ntsc), key=lambda rate: abs(float(rate) - self.fps))
        return near if abs(float(near) - self.fps) < 0.005 else Fraction(round(self.fps * 1000), 1000)

    def frames_in(self, duration_s: float) -> int:
        """Return the number of whole frames nearest to a duration; at least one."""
        return max(1, round(duration_s * self.rate))

    def duration_of(self, duration_s: float) -> float:
        """Return the length of a rendition in seconds: the duration, rounded to whole frames."""
        return float(self.frames_in(duration_s) / self.rate)

    def samples_in(self, frames: int) -> int:
        """Return the number of sound samples that last as long as a number of frames."""
        return round(frames * self.sample_rate / self.rate)

    def fit(self, width: int, height: int) -> tuple[int, int]:
        """Return the largest even size of the same shape in the frame; the rest is padded."""
        scale = min(self.width / width, self.height / height)
        return _even(width * scale), _even(height * scale)


def _even(length: float) -> int:
    return max(2, 2 * round(length / 2))
