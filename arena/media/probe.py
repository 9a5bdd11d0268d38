"""What a video file holds, found by playing it to its end. Files come from strangers: nothing is believed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import av
from av import AudioFrame, VideoFrame
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

# Formats that read nothing but the file itself: a playlist dressed up as .mp4 could name any other.
READ_SAFELY = {"format_whitelist": "mov,matroska,webm", "protocol_whitelist": "file"}
ACCEPTED = "MP4, MOV, WebM or MKV"

UNSPECIFIED_MATRIX = 2  # ISO/IEC 23091-2, as are the two below
HDR_TRANSFERS = {16: "PQ", 18: "HLG"}
MISSING_END_TOLERANCE_S = 0.5


class UnusableMedia(ValueError):
    """A file can't be shown to raters. The message says why, in words for the person who supplied it."""


@dataclass(frozen=True)
class Limits:
    """The largest file that is taken in."""

    size_bytes: int = 512 * 2**20
    duration_s: float = 120.0
    side_px: int = 4096
    fps: float = 120.0


LIMITS = Limits()


@dataclass(frozen=True)
class Probe:
    """Facts of a playable video file."""

    duration_s: float
    """From the start of the file to the end of its last picture."""
    width: int
    """As displayed: after rotation and with square pixels."""
    height: int
    fps: float
    """Mean frame rate."""
    frames: int
    """Pictures that could be decoded."""
    video_codec: str
    colour_is_tagged: bool
    """Whether the file names its matrix; if not, a reader has to guess it."""
    has_audio: bool
    audio_rate: int | None
    audio_channels: int | None
    container: str


def probe(path: Path, limits: Limits = LIMITS) -> Probe:
    """Play the file once, without showing it.

    Raises:
        UnusableMedia: not a video, broken, cut short, HDR, or beyond `limits`.
    """
    _check_size(path.stat().st_size, limits)
    try:
        with av.open(f"file:{path}", options=READ_SAFELY, metadata_errors="replace") as container:
            video = _video_stream(container)
            _check_header(container, video, limits)
            return _play(container, video, limits)
    except av.error.FFmpegError as error:
        raise UnusableMedia(
            f"The file is not a playable video ({error.strerror}). Accepted are whole {ACCEPTED} files."
        ) from error


def _check_size(size_bytes: int, limits: Limits) -> None:
    if size_bytes == 0:
        raise UnusableMedia("The file is empty. Upload or download it again.")
    if size_bytes > limits.size_bytes:
        raise UnusableMedia(
            f"The file has {size_bytes / 2**20:.1f} MiB; at most {limits.size_bytes / 2**20:g} MiB are taken."
        )


def _video_stream(container: InputContainer) -> VideoStream:
    # A cover picture in a sound file counts as a video stream too.
    streams = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
    if not streams:
        raise UnusableMedia(f"The file has no video in it. Accepted are {ACCEPTED} files with a video track.")
    return streams[0]


def _check_header(container: InputContainer, video: VideoStream, limits: Limits) -> None:
    """Refuse what the file itself says is too much, before work goes into decoding it."""
    if max(video.width, video.height) > limits.side_px:
        raise UnusableMedia(
            f"The picture is {video.width}×{video.height}; at most {limits.side_px} pixels a side are taken."
        )
    fps = _mean_rate(video)
    if fps > limits.fps:
        raise UnusableMedia(f"The video has {fps:g} frames a second; at most {limits.fps:g} are taken.")
    _check_duration(_stated_duration_s(container), limits)
    transfer = HDR_TRANSFERS.get(video.codec_context.color_trc)
    if transfer:
        raise UnusableMedia(f"The video is HDR ({transfer}). Export it in standard range (BT.709).")


def _check_duration(duration_s: float, limits: Limits) -> None:
    if duration_s > limits.duration_s:
        raise UnusableMedia(f"The video lasts {duration_s:.1f} s; at most {limits.duration_s:g} s are taken.")


def _stated_duration_s(container: InputContainer) -> float:
    return (container.duration or 0) / av.time_base


def _mean_rate(video: VideoStream) -> float:
    return float(video.average_rate or video.guessed_rate or 0)


class _Playback:
    """What comes out of the decoders, counted frame by frame."""

    def __init__(self, video: VideoStream, limits: Limits) -> None:
        self.video = video
        self.limits = limits
        self.start_s = math.inf
        self.picture_end_s = 0.0
        self.sound_end_s = 0.0
        self.frames = 0
        self.samples = 0
        self.last: VideoFrame | None = None

    @property
    def played_s(self) -> float:
        return max(self.picture_end_s, self.sound_end_s) - self.start_s

    def see(self, frame: VideoFrame) -> None:
        if self.last and (frame.width, frame.height) != (self.last.width, self.last.height):
            raise UnusableMedia("The picture changes its size midway. Export the file at one size.")
        time_s = frame.time or 0.0
        self.start_s = min(self.start_s, time_s)
        self.picture_end_s = max(self.picture_end_s, time_s + _shown_s(frame, self.video))
        self.last = frame
        self.frames += 1
        if self.frames > self.limits.duration_s * self.limits.fps:
            raise UnusableMedia(f"The video has more than {self.frames - 1} frames. Export a shorter one.")
        _check_duration(self.played_s, self.limits)

    def hear(self, frame: AudioFrame) -> None:
        time_s = frame.time or 0.0
        self.start_s = min(self.start_s, time_s)
        self.sound_end_s = max(self.sound_end_s, time_s + frame.samples / frame.sample_rate)
        self.samples += frame.samples
        _check_duration(self.played_s, self.limits)


def _play(container: InputContainer, video: VideoStream, limits: Limits) -> Probe:
    video.thread_type = "AUTO"
    sound = next(iter(container.streams.audio), None)
    playback = _Playback(video, limits)
    try:
        for frame in container.decode([video, sound] if sound else [video]):
            if isinstance(frame, VideoFrame):
                playback.see(frame)
            elif isinstance(frame, AudioFrame):
                playback.hear(frame)
    except av.error.FFmpegError as error:
        raise UnusableMedia(
            f"The file is broken or cut short: it can be played for {max(0, playback.played_s):.1f} s "
            f"({error.strerror}). Upload or download it again."
        ) from error
    if playback.last is None:
        raise UnusableMedia("Not one picture of the video can be decoded. Export the file again.")
    _check_end(playback.played_s, _stated_duration_s(container))
    heard = sound if playback.samples else None
    duration_s = playback.picture_end_s - playback.start_s
    width, height = _displayed_size(video, playback.last)
    return Probe(
        duration_s=duration_s,
        width=width,
        height=height,
        fps=_mean_rate(video) or playback.frames / duration_s,
        frames=playback.frames,
        video_codec=video.codec_context.name,
        colour_is_tagged=playback.last.colorspace != UNSPECIFIED_MATRIX,
        has_audio=heard is not None,
        audio_rate=heard.rate if heard else None,
        audio_channels=heard.channels if heard else None,
        container=container.format.name.partition(",")[0],
    )


def _shown_s(frame: VideoFrame, video: VideoStream) -> float:
    if frame.duration and frame.time_base:
        return float(frame.duration * frame.time_base)
    rate = _mean_rate(video)
    return 1 / rate if rate else 0.0


def _check_end(played_s: float, stated_s: float) -> None:
    if stated_s - played_s > MISSING_END_TOLERANCE_S:
        raise UnusableMedia(
            f"The file is cut short: it promises {stated_s:.1f} s and holds {played_s:.1f} s. "
            "Upload or download it again."
        )


def _displayed_size(video: VideoStream, frame: VideoFrame) -> tuple[int, int]:
    width = round(frame.width * float(video.sample_aspect_ratio or 1))
    lies_on_its_side = frame.rotation % 180 == 90
    return (frame.height, width) if lies_on_its_side else (width, frame.height)
