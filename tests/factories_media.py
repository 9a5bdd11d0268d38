"""Source clips, as generators and strangers supply them."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Literal, NamedTuple

import av
import numpy as np
from numpy.typing import NDArray

from arena.media.binary import find_ffmpeg

Sound = NDArray[np.float32]
Pixels = NDArray[np.uint8]
VideoCodec = Literal["libx264", "libvpx-vp9", "mpeg4"]
AudioCodec = Literal["aac", "libopus", "pcm_s16le"]
RATE = 44_100  # not the arena's own, so that every sound is resampled


def tone(seconds: float, level: float = 0.25) -> Sound:
    """Return a 440 Hz sine, mono."""
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


# Inputs for `convert`: 1.5 s of grey with a flash, and of silence with a beep; both come at FLASH_S.
FLASH_S = 0.5
FLASH = (
    *("-f", "lavfi", "-i"),
    "color=c=0x404040:s=64x48:r=24:d=1.5,format=rgb24,"
    "drawbox=w=16:h=12:c=0xc8283c:t=fill,drawbox=x=16:y=12:w=32:h=24:c=white:t=fill:enable='between(t,0.49,0.6)'",
)
NO_SOUND = ("-f", "lavfi", "-i", "anullsrc=r=48000:cl=mono:d=1.5")
H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")


def beep(
    *, channel: int = 0, of: int = 1, at_s: float = FLASH_S, layout: str = "", hertz: int = 1000
) -> tuple[str, ...]:
    """Input for `convert`: a beep in one channel of several."""
    heard = f"if(between(t,{at_s},{at_s + 0.15}),0.5*sin(2*PI*{hertz}*t),0)"
    each = "|".join(heard if index == channel else "0" for index in range(of))
    return ("-f", "lavfi", "-i", f"aevalsrc=exprs='{each}':s=48000:d=1.5" + f":c={layout}" * bool(layout))


def convert(path: Path, *arguments: object) -> Path:
    """Make a file by ffmpeg, with what PyAV can't write: offsets, edit lists, encryption, filters."""
    command = [find_ffmpeg(), "-nostdin", "-y", "-loglevel", "error", *map(str, arguments), str(path)]
    subprocess.run(command, check=True)
    return path


class Moments(NamedTuple):
    """When a file's flash and beep come, in seconds; None for one that doesn't."""

    flash_s: float | None
    beep_s: float | None


def moments(path: Path) -> Moments:
    """Find the first bright picture and the first loud sample by their time stamps."""
    flash_s = beep_s = None
    with av.open(path) as container:
        for frame in container.decode(container.streams.video[0], container.streams.audio[0]):
            if isinstance(frame, av.VideoFrame):
                rows = frame.to_ndarray(format="gray")
                bright = rows[rows.shape[0] // 2, rows.shape[1] // 2] > 180
                flash_s = frame.time if bright and flash_s is None else flash_s
            elif isinstance(frame, av.AudioFrame) and beep_s is None and frame.time is not None:
                loud = np.abs(frame.to_ndarray()).max(axis=0) > 0.02
                beep_s = frame.time + int(np.argmax(loud)) / frame.sample_rate if loud.any() else None
    return Moments(flash_s, beep_s)


def write_sound(path: Path, sound: Sound) -> Path:
    """Write a sound file without a picture."""
    with av.open(path, "w") as container:
        audio = container.add_stream("aac", rate=RATE, layout="mono")
        container.mux(audio.encode(_audio_frame(sound)))
        container.mux(audio.encode(None))
    return path


def write_truncated(path: Path, share: float = 0.5) -> Path:
    """Write a fast-start clip whose download stopped: the header promises more than there is."""
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
