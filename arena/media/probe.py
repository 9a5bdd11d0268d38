"""Find the facts of a video file by playing it to its end. Files come from strangers, and are not trusted."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import av
from av import VideoFrame
from av.container import InputContainer
from av.video.stream import VideoStream

from arena.media import colour
from arena.media.intake import ACCEPTED, LIMITS, READ_SAFELY, Limits
from arena.media.intake import UnusableMedia as UnusableMedia
from arena.media.playback import Pictures, Sounds, choose_heard, play
from arena.media.tracks import choose_picture, choose_sounds

# Encoders' priming and the interleaving of tracks let sound begin a little before the picture.
SOUND_LEAD_TOLERANCE_S = 0.1


@dataclass(frozen=True)
class Sound:
    """Facts of the sound track that is heard. Times count from the clip's start."""

    track: int
    """Index among all tracks of the file."""
    rate: int
    """Samples in a second."""
    channels: int
    start_s: float
    """Negative where the sound begins before the clip."""
    end_s: float
    gaps_s: float
    """Seconds between start and end for which the file has no samples."""
    damaged_s: float
    """Seconds of samples that are NaN, infinite or absurdly loud, and become silence."""
    peak: float
    """Largest magnitude of a sample; 1 is full scale, and 0 silence."""
    others: int
    """Number of further sound tracks that aren't silent and that nobody hears."""


@dataclass(frozen=True)
class Probe:
    """Facts of a playable video file. `Profile.following` makes a profile of its geometry and rate."""

    duration_s: float
    """Seconds from the start of the clip to the end of its last picture."""
    width: int
    """Width in pixels as displayed: after rotation and with square pixels."""
    height: int
    """Height in pixels as displayed."""
    fps: float
    """Frames in a second; the mean if the lengths of frames differ."""
    frames: int
    """Number of pictures that could be decoded."""
    video_codec: str
    colour_is_tagged: bool
    """Whether the file names its matrix; if not, a reader has to guess it."""
    primaries: int
    """Colour primaries by their number in ISO/IEC 23091-2; 1 is BT.709, 2 unspecified."""
    transfer: int
    """Transfer characteristic by its number in ISO/IEC 23091-2."""
    is_interlaced: bool
    picture_track: int
    """Index of the picture among all tracks of the file."""
    start_s: float
    """Time stamp of the clip's start: its first picture, or sound that begins well before it."""
    has_audio: bool
    sound: Sound | None
    container: str

    @property
    def has_wide_gamut(self) -> bool:
        """Whether colours have to be converted to BT.709's primaries."""
        return self.primaries in colour.WIDE_GAMUTS


def probe(path: Path, limits: Limits = LIMITS) -> Probe:
    """Read a file's geometry, rate, duration and tracks by playing it once, without showing it.

    The picture is the default track, or the first that can be decoded. The sound is the default track, or
    the first that can be decoded and isn't silent.

    Raises:
        UnusableMedia: not a video, broken, cut short, encrypted, HDR, in a codec or colour space that can't
            be converted, or beyond `limits`.
    """
    limits.check_size(path.stat().st_size)
    try:
        with av.open(f"file:{path}", options=READ_SAFELY, metadata_errors="replace") as container:
            return _facts(container, path, limits)
    except av.error.FFmpegError as error:
        raise UnusableMedia(
            f"The file is not a playable video ({error.strerror}). Accepted are whole {ACCEPTED} files."
        ) from error


def _facts(container: InputContainer, path: Path, limits: Limits) -> Probe:
    video = choose_picture(container, path)
    _check_header(video, limits)
    pictures = Pictures(video, limits)
    sounds = [Sounds(stream, limits.duration_s) for stream in choose_sounds(container, path)]
    play(container, pictures, sounds)
    return _describe(container.format.name.partition(",")[0], pictures, sounds)


def _check_header(video: VideoStream, limits: Limits) -> None:
    """Refuse a file whose header states too much, before it is decoded."""
    limits.check_picture(video.width, video.height, float(video.average_rate or video.guessed_rate or 0))
    if video.duration is not None and video.time_base:
        limits.check_duration(float(video.duration * video.time_base))
    colour.refuse_unshowable(
        video.codec_context.color_trc, video.codec_context.colorspace, video.codec_context.codec_tag
    )


def _describe(container: str, pictures: Pictures, sounds: list[Sounds]) -> Probe:
    video, last = pictures.stream, pictures.last
    assert last is not None  # noqa: S101 - `play` refuses a video without a picture
    colour.refuse_unshowable(last.color_trc, last.colorspace, video.codec_context.codec_tag)
    heard = choose_heard(sounds, pictures.played_s)
    start_s = _start_s(pictures, heard)
    width, height = _displayed_size(video, last)
    return Probe(
        duration_s=pictures.end_s - start_s,
        width=width,
        height=height,
        fps=pictures.rate,
        frames=pictures.count,
        video_codec=video.codec_context.name,
        colour_is_tagged=last.colorspace != colour.UNSPECIFIED,
        primaries=colour.complete_primaries(last.color_primaries, last.colorspace),
        transfer=last.color_trc,
        is_interlaced=pictures.interlaced,
        picture_track=video.index,
        start_s=start_s,
        has_audio=heard is not None,
        sound=_describe_sound(heard, sounds, start_s) if heard else None,
        container=container,
    )


def _describe_sound(heard: Sounds, sounds: list[Sounds], start_s: float) -> Sound:
    stream = heard.stream
    return Sound(
        track=stream.index,
        rate=stream.rate,
        channels=stream.channels,
        start_s=heard.start_s - start_s,
        end_s=heard.end_s - start_s,
        gaps_s=heard.gaps_s,
        damaged_s=heard.damaged / stream.channels / stream.rate,
        peak=heard.peak,
        others=sum(track.is_audible for track in sounds if track is not heard),
    )


def _start_s(pictures: Pictures, heard: Sounds | None) -> float:
    if heard is None or pictures.start_s - heard.start_s <= SOUND_LEAD_TOLERANCE_S:
        return pictures.start_s
    return heard.start_s


def _displayed_size(video: VideoStream, frame: VideoFrame) -> tuple[int, int]:
    width = round(frame.width * float(video.sample_aspect_ratio or 1))
    lies_on_its_side = frame.rotation % 180 == 90
    return (frame.height, width) if lies_on_its_side else (width, frame.height)
