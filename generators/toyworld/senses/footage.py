"""Decodes a clip for perception: small pictures of the box, and the sound as one channel."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from av.video.reformatter import VideoReformatter
from numpy.typing import NDArray

SIDE = 128
"""Pixels along the box: enough to tell shapes apart, and a sixteenth of the work of 512."""
SAMPLE_RATE = 16_000
_BLACK = 24
"""Brightest that letterbox borders get after encoding; the darkest background has a channel of 58."""


@dataclass(frozen=True)
class Footage:
    """What a viewer gets. `frames` is (time, SIDE, SIDE, 3); times are in seconds on one clock."""

    frames: NDArray[np.uint8]
    times_s: NDArray[np.float64]
    samples: NDArray[np.float32]
    """Empty when the clip has no sound track."""
    sound_start_s: float


class _Framing:
    """Scales whole pictures so that the box in them is SIDE pixels wide and high, and cuts it out."""

    def __init__(self, first: av.VideoFrame) -> None:
        bright = first.to_ndarray(format="rgb24").max(axis=-1) > _BLACK
        rows, columns = (np.flatnonzero(bright.mean(axis=axis) > 0.1) for axis in (1, 0))
        if not rows.size or not columns.size:
            raise ValueError("The first frame is black: there is no box to look at.")
        scale_y, scale_x = SIDE / (rows[-1] + 1 - rows[0]), SIDE / (columns[-1] + 1 - columns[0])
        self.width, self.height = round(first.width * scale_x), round(first.height * scale_y)
        self._reformatter = VideoReformatter()  # one for all frames: to set it up costs more than to use it
        self.top, self.left = round(rows[0] * scale_y), round(columns[0] * scale_x)

    def cut(self, frame: av.VideoFrame) -> NDArray[np.uint8]:
        small = self._reformatter.reformat(frame, self.width, self.height, "rgb24", interpolation="AREA")
        box = small.to_ndarray()[self.top : self.top + SIDE, self.left : self.left + SIDE]
        return np.asarray(box, np.uint8)


def load(path: Path) -> Footage:
    """Decodes the first video and audio stream of a file.

    Raises:
        ValueError: There is no video, or nothing but black in its first frame.
    """
    pictures: list[NDArray[np.uint8]] = []
    times_s: list[float] = []
    sound = _Sound()
    framing: _Framing | None = None
    with av.open(path) as container:
        for stream in container.streams:
            stream.codec_context.thread_type = "AUTO"
        for frame in container.decode(*container.streams.video[:1], *container.streams.audio[:1]):
            if isinstance(frame, av.VideoFrame):
                framing = framing or _Framing(frame)
                pictures.append(framing.cut(frame))
                times_s.append(float(frame.time or 0.0))
            elif isinstance(frame, av.AudioFrame):
                sound.add(frame)
    if not pictures:
        raise ValueError(f"{path} has no video to look at.")
    return Footage(np.stack(pictures), np.array(times_s), sound.samples(), sound.start_s)


class _Sound:
    """Collects audio frames as one channel at SAMPLE_RATE."""

    def __init__(self) -> None:
        self.start_s = 0.0
        self._resampler = av.AudioResampler("flt", "mono", SAMPLE_RATE)
        self._pieces: list[NDArray[np.float32]] = []

    def add(self, frame: av.AudioFrame | None) -> None:
        if frame is not None and not self._pieces:
            self.start_s = float(frame.time or 0.0)
        self._pieces += [piece.to_ndarray()[0] for piece in self._resampler.resample(frame)]

    def samples(self) -> NDArray[np.float32]:
        if not self._pieces:
            return np.zeros(0, np.float32)
        self.add(None)  # what the resampler still holds
        return np.concatenate(self._pieces)
