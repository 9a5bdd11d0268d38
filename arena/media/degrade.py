"""Degraded copies of a clip, for pairs whose answer is known.

A copy is a source like any other: it is normalised, varied and served as every rendition is.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from arena.media.binary import find_ffmpeg
from arena.media.command import run
from arena.media.intake import LIMITS, READ_SAFELY

if TYPE_CHECKING:  # else each web process would load what reads videos
    from arena.media.probe import Probe

SMOOTHLY = "bilinear+accurate_rnd+bitexact"
NEARLY_LOSSLESS = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "8", "-bf", "0", "-threads:v", "1")
"""Encoding of the copy. Without B-frames and with one thread, x264 writes the same bytes each time."""


class Degradation(StrEnum):
    """What is worse in a copy."""

    LATE_SOUND = "late-sound"
    DROPPED_FRAMES = "dropped-frames"
    BLUR = "blur"
    NOISE = "noise"
    MUFFLED_SOUND = "muffled-sound"

    @property
    def is_of_sound(self) -> bool:
        """Whether the picture stays as it is."""
        return self in (Degradation.LATE_SOUND, Degradation.MUFFLED_SOUND)


def degrade(source: Path, target: Path, degradation: Degradation, *, seed: str, facts: Probe) -> None:
    """Write a degraded copy of a clip as Matroska; the same clip, seed and ffmpeg give the same bytes.

    Args:
        source: the clip as its generator made it.
        target: path of the copy.
        degradation: what to make worse.
        seed: string that draws how strong it is, within limits that everybody notices.
        facts: result of `probe` for the clip.

    Raises:
        ValueError: the sound is to be degraded, and the clip has none.
        UnusableMedia: ffmpeg can't convert the clip.
    """
    if degradation.is_of_sound and facts.sound is None:
        raise ValueError(f"degradation must be of the picture for a clip without sound; got {degradation}.")
    random = Random(f"{degradation} {seed}")  # noqa: S311 - a copy is repeatable
    picture = ["bwdif=mode=send_frame:deint=interlaced"] if facts.is_interlaced else []
    picture += [] if degradation.is_of_sound else [_picture_filter(degradation, random, facts)]
    argv = [find_ffmpeg(), "-hide_banner", "-nostdin", "-nostats", "-loglevel", "error", "-y"]
    for name, value in READ_SAFELY.items():
        argv += [f"-{name}", value]
    argv += ["-max_pixels", str(LIMITS.pixels), "-i", f"file:{source}", "-map", f"0:{facts.picture_track}"]
    argv += ["-vf", ",".join(picture)] if picture else []
    if facts.sound is not None:
        argv += ["-map", f"0:{facts.sound.track}", "-c:a", "pcm_f32le"]
        argv += ["-af", _sound_filter(degradation, random)] if degradation.is_of_sound else []
    argv += [*NEARLY_LOSSLESS, "-map_metadata", "-1", "-fflags", "+bitexact", "-flags", "+bitexact"]
    run([*argv, "-f", "matroska", f"file:{target}"])


def _picture_filter(degradation: Degradation, random: Random, facts: Probe) -> str:
    if degradation == Degradation.BLUR:
        return f"gblur=sigma={facts.height * random.uniform(0.012, 0.018):.3f}"
    if degradation == Degradation.NOISE:  # coarse and still: fine noise would make a file many times as long
        strength, drawn = random.randint(60, 75), random.randrange(2**30)
        grain = f"noise=c0s={strength}:c0f=u:all_seed={drawn}"
        return (
            f"scale=iw/4:ih/4:flags=area+bitexact,{grain},scale={facts.width}:{facts.height}:flags={SMOOTHLY}"
        )
    return f"fps={random.uniform(3.0, 4.0):.3f}:start_time=0,fps={facts.fps!r}"


def _sound_filter(degradation: Degradation, random: Random) -> str:
    if degradation == Degradation.LATE_SOUND:
        return f"adelay={random.randint(600, 800)}:all=1"
    return ",".join([f"lowpass=f={random.randint(350, 450)}"] * 3)
