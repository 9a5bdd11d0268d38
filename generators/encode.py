"""Write a clip as MP4: H.264, and AAC if it has sound. The same clip gives the same bytes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.reformatter import ColorRange, Colorspace, VideoReformatter
from av.video.stream import VideoStream

# Flat colours need no better preset or coder: slower ones cost twice the time for files half as small.
_X264 = {"crf": "12", "preset": "superfast"}
_AAC = {"aac_coder": "fast"}
_BT709 = 1
"""Code in H.264 for BT.709's primaries, its transfer and its matrix alike."""


@dataclass(frozen=True)
class Clip:
    """Clip before it is a file: frame i is at i / fps seconds, sample i at i / sample_rate."""

    frames: Iterable[np.ndarray]
    """Frames (height, width, 3), uint8; read once, so that a long clip may be drawn as it is written."""
    fps: float
    """Frames in a second."""
    samples: np.ndarray | None
    """Samples (N, 2), float32 in [−1, 1]; None for a clip without a sound track."""
    sample_rate: int = 48_000
    """Sample rate in Hz."""


def encode(clip: Clip, path: Path, width: int, height: int) -> None:
    """Write the clip's frames, which are `width` × `height`, and its samples to an MP4."""
    with av.open(path, "w", format="mp4") as container:
        video = _add_video(container, clip.fps, width, height)
        if clip.samples is not None:
            audio = container.add_stream("aac", rate=clip.sample_rate, layout="stereo", options=dict(_AAC))
            audio.bit_rate = 192_000
            _write_sound(container, audio, clip)
        _write_frames(container, video, clip)


def _add_video(container: OutputContainer, fps: float, width: int, height: int) -> VideoStream:
    rate = Fraction(fps).limit_denominator(1001)  # finds 30000/1001 in a float
    video = container.add_stream("libx264", rate=rate, options=dict(_X264))
    video.width, video.height, video.pix_fmt = width, height, "yuv420p"
    context = video.codec_context
    context.thread_count = 1  # x264's output depends on the number of threads
    context.color_primaries = context.color_trc = context.colorspace = _BT709
    context.color_range = ColorRange.MPEG
    return video


def _write_frames(container: OutputContainer, video: VideoStream, clip: Clip) -> None:
    reformatter = VideoReformatter()
    for pixels in clip.frames:
        frame = reformatter.reformat(
            av.VideoFrame.from_ndarray(pixels, format="rgb24"),
            format="yuv420p",
            dst_colorspace=Colorspace.ITU709,
            dst_color_range=ColorRange.MPEG,
        )
        container.mux(video.encode(frame))
    container.mux(video.encode(None))


def _write_sound(container: OutputContainer, audio: AudioStream, clip: Clip) -> None:
    samples = cast(np.ndarray, clip.samples)
    planes = np.ascontiguousarray(samples.T)  # (2, N)
    frame = av.AudioFrame.from_ndarray(planes, format="fltp", layout="stereo")
    frame.sample_rate = clip.sample_rate
    frame.time_base = Fraction(1, clip.sample_rate)
    frame.pts = 0
    container.mux(audio.encode(frame))
    container.mux(audio.encode(None))
