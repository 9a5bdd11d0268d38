"""Source clips, as generators and strangers supply them."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Literal

import av
import numpy as np
from numpy.typing import NDArray

Sound = NDArray[np.float32]
Pixels = NDArray[np.uint8]
VideoCodec = Literal["libx264", "libvpx-vp9", "mpeg4"]
AudioCodec = Literal["aac", "libopus", "pcm_s16le"]
RATE = 44_100  # not the arena's own, so that every sound is resampled


def tone(seconds: float, level: float = 0.25) -> Sound:
    """A 440 Hz sine, mono."""
    return (level * np.sin(2 * np.pi * 440 * np.arange(round(seconds * RATE)) / RATE)).astype(np.float32)


def hot_noise(seconds: float) -> Sound:
    """White noise clipped at full scale: above 0 dBTP between samples."""
    noise = np.random.default_rng(7).normal(0, 1, round(seconds * RATE))
    return np.clip(noise, -1, 1).astype(np.float32)


def drumming(seconds: float) -> Sound:
    """Two decaying hits a second: high peaks over a low loudness, so that a limiter has to work."""
    at = np.arange(round(seconds * RATE)) / RATE
    hits = np.exp(-(at % 0.5) * 60) * np.random.default_rng(7).normal(0, 0.4, len(at))
    return np.clip(hits, -1, 1).astype(np.float32)


def quiet(seconds: float) -> Sound:
    """Digital silence."""
    return np.zeros(round(seconds * RATE), np.float32)


def write_clip(
    path: Path,
    *,
    width: int = 320,
    height: int = 180,
    fps: int | Fraction = 24,
    seconds: float = 1.0,
    sound: Sound | None = None,
    codecs: tuple[VideoCodec, AudioCodec] = ("libx264", "aac"),
    tags: Mapping[str, str] | None = None,
    colour: tuple[int, int, int] | None = None,
    pixel_aspect: tuple[int, int] = (1, 1),
    transfer: int | None = None,
) -> Path:
    """Write moving stripes or one plain colour; with mono sound and container tags if asked for.

    `transfer` is a transfer characteristic by its number in ISO/IEC 23091-2: 16 is HDR's PQ.
    """
    with av.open(path, "w") as container:
        container.metadata.update(tags or {})
        video = container.add_stream(codecs[0], rate=fps, options={"crf": "20"})
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        video.codec_context.max_b_frames = 0  # with them, x264 makes other bytes in each run
        video.codec_context.sample_aspect_ratio = Fraction(*pixel_aspect)
        if transfer is not None:
            video.codec_context.color_trc = transfer
        audio = None if sound is None else container.add_stream(codecs[1], rate=48_000, layout="mono")
        for index in range(round(seconds * fps)):
            pixels = _stripes(width, height, index) if colour is None else _plain(width, height, colour)
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts, frame.time_base = index, 1 / Fraction(fps)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        if audio is not None and sound is not None:
            container.mux(audio.encode(_audio_frame(sound)))
            container.mux(audio.encode(None))
    return path


def write_sound(path: Path, sound: Sound) -> Path:
    """A sound file without a picture."""
    with av.open(path, "w") as container:
        audio = container.add_stream("aac", rate=RATE, layout="mono")
        container.mux(audio.encode(_audio_frame(sound)))
        container.mux(audio.encode(None))
    return path


def write_truncated(path: Path, share: float = 0.5) -> Path:
    """A fast-start clip whose download stopped: the header promises more than there is."""
    whole = path.with_name("whole.mp4")
    write_clip(whole, seconds=3.0, sound=tone(3.0))
    with av.open(whole) as source, av.open(path, "w", options={"movflags": "faststart"}) as target:
        copies = {s.index: target.add_stream_from_template(s) for s in source.streams}
        for packet in source.demux():
            if packet.dts is not None:
                packet.stream = copies[packet.stream_index]
                target.mux(packet)
    content = path.read_bytes()
    path.write_bytes(content[: round(len(content) * share)])
    return path


def _stripes(width: int, height: int, index: int) -> Pixels:
    across, down = np.arange(width), np.arange(height)[:, None]
    ramp = (across * 2 + down + index * 5) % 256
    return np.stack([ramp, 255 - ramp, (ramp * 2) % 256], axis=-1).astype(np.uint8)


def _plain(width: int, height: int, colour: tuple[int, int, int]) -> Pixels:
    return np.full((height, width, 3), colour, np.uint8)


def _audio_frame(sound: Sound) -> av.AudioFrame:
    frame = av.AudioFrame.from_ndarray(sound[None, :], format="fltp", layout="mono")
    frame.sample_rate, frame.pts, frame.time_base = RATE, 0, Fraction(1, RATE)
    return frame
