"""Decode a clip for the senses: small pictures of the box, and the sound as one channel."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
from av.video.reformatter import VideoReformatter
from numpy.typing import NDArray

from generators.toyworld.senses.footage import Footage

SIDE = 128
"""Pixels along the box: enough to tell shapes apart, and a sixteenth of the work of 512."""
SAMPLE_RATE = 16_000
_BLACK = 24
"""Brightest level of letterbox borders after encoding; the darkest background has a channel of 58."""


def load(path: Path) -> Footage:
    """Decode the first video and audio stream of a file.

    Returns:
        Frames (time, SIDE, SIDE, 3), and samples (samples,) at SAMPLE_RATE.

    Raises:
        ValueError: There is no video, or its first frame is black.
        OSError: The file can't be read as a clip.
    """
    pictures: list[NDArray[np.uint8]] = []
    times_s: list[float] = []
    sound = _Sound()
    framing: _Framing | None = None
    with av.open(path) as container:
        streams = (*container.streams.video[:1], *container.streams.audio[:1])
        for stream in streams:
            stream.codec_context.thread_type = "AUTO"
        for frame in container.decode(*streams):
            if isinstance(frame, av.VideoFrame):
                framing = framing or _Framing(frame)
                pictures.append(framing.cut(frame))
                times_s.append(float(frame.time or 0.0))
            elif isinstance(frame, av.AudioFrame):
                sound.add(frame)
    if framing is None:
        raise ValueError(f"{path} must have a video stream with frames; it has none.")
    return Footage(
        np.stack(pictures), np.array(times_s), sound.samples(), SAMPLE_RATE, sound.start_s, framing.box
    )


class _Framing:
    """Scale whole pictures so that the box in them is SIDE pixels wide and high, and cut it out."""

    def __init__(self, first: av.VideoFrame) -> None:
        red, green, blue = np.moveaxis(first.to_ndarray(format="rgb24"), -1, 0)
        bright = np.maximum(np.maximum(red, green), blue) > _BLACK  # 15 times as fast as max(axis=-1)
        rows = np.flatnonzero(bright.mean(axis=1) > 0.1)
        columns = np.flatnonzero(bright.mean(axis=0) > 0.1)
        if not rows.size or not columns.size:
            raise ValueError("The first frame must show the box; it is black.")
        box_width = int(columns[-1] + 1 - columns[0])
        box_height = int(rows[-1] + 1 - rows[0])
        self.box = box_width, box_height
        scale_x = SIDE / box_width
        scale_y = SIDE / box_height
        self.width = round(first.width * scale_x)
        self.height = round(first.height * scale_y)
        self.top = round(rows[0] * scale_y)
        self.left = round(columns[0] * scale_x)
        self._reformatter = VideoReformatter()  # one for all frames: to set it up costs more than to use it

    def cut(self, frame: av.VideoFrame) -> NDArray[np.uint8]:
        small = self._reformatter.reformat(frame, self.width, self.height, "rgb24", interpolation="AREA")
        box = small.to_ndarray()[self.top : self.top + SIDE, self.left : self.left + SIDE]
        return np.asarray(box, np.uint8)


class _Sound:
    """Collect audio frames as one channel at SAMPLE_RATE."""

    def __init__(self) -> None:
        self.start_s = 0.0
        self._resampler = av.AudioResampler("flt", "mono", SAMPLE_RATE)
        self._pieces: list[NDArray[np.float32]] = []

    def add(self, frame: av.AudioFrame | None) -> None:
        if frame is not None and not self._pieces:
            self.start_s = float(frame.time or 0.0)
        self._pieces += [piece.to_ndarray()[0] for piece in self._resampler.resample(frame)]

    def samples(self) -> NDArray[np.float32] | None:
        """Return all samples; None if there were no audio frames."""
        if not self._pieces:
            return None
        self.add(None)  # what the resampler still holds
        return np.concatenate(self._pieces)
