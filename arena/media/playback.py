"""Play the chosen tracks of a file from end to end, and measure what the decoders give."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from statistics import median
from typing import Any

import av
import numpy as np
from av import AudioFrame, Packet, VideoFrame
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.video.stream import VideoStream
from numpy.typing import NDArray

from arena.media.intake import Limits, UnusableMedia

MISSING_END_TOLERANCE_S = 0.5
RESTART_S = 0.5
STAMP_TOLERANCE_S = 0.001  # Matroska rounds its stamps to milliseconds
RATE_TOLERANCE = 0.002
ALIKE_SHARE = 0.9
GAP_S = 0.02
"""Error in stamps of sound that is tolerated before silence is added or sound left out."""
FAINTEST = 1e-4
"""Peak (1 is full scale) under which a track counts as silent: -80 dB."""
LOUDEST = 100.0
"""Magnitude, 40 dB over full scale, beyond which samples count as damaged, like those that aren't numbers."""


@dataclass
class Pictures:
    """Picture track, as far as it was played. Times are the file's own stamps, in seconds."""

    stream: VideoStream
    limits: Limits
    start_s: float = math.inf
    end_s: float = -math.inf
    steps_s: list[float] = field(default_factory=list)
    count: int = 0
    interlaced: bool = False
    last: VideoFrame | None = None

    @property
    def played_s(self) -> float:
        """Seconds from the first picture to the end of the last one."""
        return max(0.0, self.end_s - self.start_s)

    @property
    def rate(self) -> float:
        """Pictures in a second: the usual rate if nearly all stamps keep it, else the mean rate."""
        usual_s = median(self.steps_s or [0.0])
        tolerance_s = STAMP_TOLERANCE_S + RATE_TOLERANCE * usual_s
        alike = [step_s for step_s in self.steps_s if abs(step_s - usual_s) <= tolerance_s]
        if sum(alike) > 0 and len(alike) >= ALIKE_SHARE * len(self.steps_s):
            return self._as_stated(len(alike) / sum(alike))
        return self.count / self.played_s if self.played_s else 1.0

    def _as_stated(self, rate: float) -> float:
        """Return the rate without the rounding of stamps, where the file states one."""
        stated = [float(said) for said in (self.stream.average_rate, self.stream.guessed_rate) if said]
        return next((said for said in stated if abs(said - rate) <= RATE_TOLERANCE * rate), rate)

    def take(self, packet: Packet[Any]) -> None:
        """Decode a packet.

        Raises:
            UnusableMedia: the picture changes its size, starts again or goes beyond the limits.
        """
        for frame in self.stream.decode(packet):
            self._see(frame)

    def _see(self, frame: VideoFrame) -> None:
        if self.last and (frame.width, frame.height) != (self.last.width, self.last.height):
            raise UnusableMedia("The picture changes its size midway. Export the file at one size.")
        time_s = frame.time or 0.0
        if self.last and (self.last.time or 0.0) - time_s > RESTART_S:
            raise UnusableMedia(
                "The picture's time stamps start again midway, as in files joined end to end. "
                "Export it as one."
            )
        self.start_s = min(self.start_s, time_s)
        if self.last:
            self.steps_s.append(time_s - (self.last.time or 0.0))
        self.end_s = max(self.end_s, time_s + _shown_s(frame, self.stream))
        self.interlaced |= bool(frame.interlaced_frame)
        self.last = frame
        self.count += 1
        if self.count > self.limits.duration_s * self.limits.fps:
            raise UnusableMedia(f"The video has more than {self.count - 1} frames. Export a shorter one.")
        self.limits.check_duration(self.played_s)


@dataclass
class Sounds:
    """Sound track, as far as it was played. Times are the file's own stamps, in seconds."""

    stream: AudioStream
    longest_s: float
    start_s: float = math.inf
    end_s: float = -math.inf
    gaps_s: float = 0.0
    values: int = 0
    damaged: int = 0
    peak: float = 0.0
    fault: str = ""

    @property
    def is_audible(self) -> bool:
        """Whether the track isn't silent."""
        return self.peak > FAINTEST

    def take(self, packet: Packet[Any]) -> None:
        """Decode a packet, unless there was a fault, or the longest allowed picture would be over."""
        if self.fault or self.end_s - self.start_s > self.longest_s:
            return
        try:
            for frame in self.stream.decode(packet):
                self._hear(frame)
        except av.error.FFmpegError as error:
            self.fault = error.strerror or str(error)

    def _hear(self, frame: AudioFrame) -> None:
        time_s = self.end_s if frame.time is None else frame.time
        if time_s - self.end_s > GAP_S and self.values:
            self.gaps_s += time_s - self.end_s
        self.start_s = min(self.start_s, time_s)
        self.end_s = max(self.end_s, time_s + frame.samples / frame.sample_rate)
        levels = _levels(frame)
        sane = levels <= LOUDEST  # false for NaN as well
        self.values += levels.size
        self.damaged += levels.size - int(np.count_nonzero(sane))
        self.peak = max(self.peak, float(levels.max(where=sane, initial=0.0)))


def play(container: InputContainer, pictures: Pictures, sounds: list[Sounds]) -> None:
    """Decode the tracks to their ends.

    Raises:
        UnusableMedia: the file is broken or cut short, or its picture goes beyond the limits.
    """
    played: list[Pictures | Sounds] = [pictures, *sounds]
    takers = {track.stream.index: track for track in played}
    ends_s: dict[int, float] = {}
    began = time.monotonic()
    # Else a small file could fill the memory: a stream may state another size in each picture.
    pictures.stream.codec_context.options = {"max_pixels": str(pictures.limits.pixels)}
    try:
        for packet in container.demux():
            pictures.limits.check_time(time.monotonic() - began)
            _note_end(packet, ends_s)
            track = packet.stream.index  # in a packet that ends a track, the packet's own index is 0
            if track in takers:
                takers[track].take(packet)
    except av.error.FFmpegError as error:
        raise _broken(pictures.played_s, error.strerror) from error
    if pictures.last is None:
        raise UnusableMedia("Not one picture of the video can be decoded. Export the file again.")
    _check_ends(container, [track.stream for track in played], ends_s)


def choose_heard(sounds: list[Sounds], played_s: float) -> Sounds | None:
    """Return the first track that isn't silent, else the first of all; None without any sound."""
    heard = None
    for track in sounds:
        if track.fault:
            raise _broken(played_s, track.fault)
        if track.is_audible:
            return track
        heard = heard or (track if track.values else None)
    if heard and heard.damaged == heard.values:
        raise UnusableMedia(
            "The sound holds no numbers: all its samples are NaN, infinite or absurdly loud. Export it again."
        )
    return heard


def _broken(played_s: float, reason: str | None) -> UnusableMedia:
    return UnusableMedia(
        f"The file is broken or cut short: it can be played for {played_s:.1f} s ({reason}). "
        "Upload or download it again."
    )


def _note_end(packet: Packet[Any], ends_s: dict[int, float]) -> None:
    """Keep the last time stamp of each track, played or not."""
    stamp = packet.dts if packet.pts is None else packet.pts
    if stamp is None or not packet.time_base:
        return
    track = packet.stream.index
    end_s = float((stamp + (packet.duration or 0)) * packet.time_base)
    ends_s[track] = max(ends_s.get(track, -math.inf), end_s)


def _check_ends(
    container: InputContainer, played: list[VideoStream | AudioStream], ends_s: dict[int, float]
) -> None:
    """Refuse a file that is shorter than it states, as a whole or in a track that is played."""
    first_s = (container.start_time or 0) / av.time_base
    last_s = max(ends_s.values(), default=0.0)
    stated_s = (container.duration or 0) / av.time_base
    # Some writers count Matroska's duration from 0, others from the first stamp.
    _check_end(stated_s, max(last_s, last_s - first_s))
    for stream in played:
        if stream.duration is None or not stream.time_base:
            continue
        stated_s = float(stream.duration * stream.time_base)
        began_s = float((stream.start_time or 0) * stream.time_base)
        _check_end(stated_s, ends_s.get(stream.index, began_s) - began_s)


def _check_end(stated_s: float, held_s: float) -> None:
    if stated_s - held_s > MISSING_END_TOLERANCE_S:
        raise UnusableMedia(
            f"The file is cut short: it promises {stated_s:.1f} s and holds {max(0.0, held_s):.1f} s. "
            "Upload or download it again."
        )


def _shown_s(frame: VideoFrame, stream: VideoStream) -> float:
    if frame.duration and frame.time_base:
        return float(frame.duration * frame.time_base)
    rate = stream.average_rate or stream.guessed_rate
    return 1 / float(rate) if rate else 0.0


def _levels(frame: AudioFrame) -> NDArray[Any]:
    """Return the magnitudes of all samples of all channels; 1 is full scale."""
    samples: NDArray[Any] = frame.to_ndarray()
    if samples.dtype.kind == "f":
        return np.abs(samples)  # type: ignore[no-any-return]  # numpy's stubs know no array of Any
    if samples.dtype.kind == "u":
        return np.abs(samples / 128.0 - 1.0)  # the one unsigned format has 8 bits
    return np.abs(samples / float(np.iinfo(samples.dtype).max))
