"""Build ffmpeg's command lines. No other module knows ffmpeg-python."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import ffmpeg

from arena.media import colour
from arena.media.binary import find_ffmpeg
from arena.media.command import run
from arena.media.intake import LIMITS, READ_SAFELY
from arena.media.playback import GAP_S, LOUDEST
from arena.media.probe import Probe
from arena.media.profile import Profile

SEI = 6  # H.264 unit in which x264 writes its name and all its options
HD_LINES = 720
# Without the middle two, another matrix darkens and tints greys by up to 4 of 255; without the last, the
# CPU's instruction set decides how values are rounded.
EXACTLY = "lanczos+accurate_rnd+full_chroma_int+bitexact"
LFE_LEVEL = 0.7071
"""Gain of low-frequency effects in the stereo mix; ffmpeg by itself would drop them."""

MOST_PLACED_CHANNELS = 8
"""Most channels that ffmpeg can mix to stereo by their places; of more it fails, or drops some silently."""

Stream = Any  # ffmpeg-python publishes no types


class Level(NamedTuple):
    """Change of the sound: one fixed gain, then a limiter for peaks above the ceiling."""

    gain_db: float
    ceiling_dbtp: float


class SoundSource(NamedTuple):
    """Sound track of a file that is heard."""

    path: Path
    track: int = 0
    start_s: float = 0.0
    """Time stamp that becomes 0."""
    channels: int = 2
    is_damaged: bool = False
    """Whether the track has samples that aren't numbers, and must be silenced."""


def sound_source(source: Path, facts: Probe) -> SoundSource:
    """Return the sound that is heard of a clip; `facts` must have some."""
    heard = facts.sound
    if heard is None:
        raise ValueError(f"facts must name the sound of '{source.name}'; got none. Encode silence instead.")
    return SoundSource(source, heard.track, facts.start_s, heard.channels, heard.damaged_s > 0)


class Encoding(NamedTuple):
    """Encoder settings in which one variant of a rendition differs from the others."""

    crf: float
    dead_zones: tuple[int, int]
    """Share of 64 of a quantiser step that is rounded to zero, in predicted and in intra blocks."""
    chroma_qp_offset: int
    audio_bitrate: int
    delay_samples: int
    """Delay of the sound; 16 samples are a third of a millisecond."""


def loudness_report(source: SoundSource, profile: Profile, frames: int) -> str:
    """Return the report of ffmpeg's loudnorm filter on as much sound as `frames` frames last."""
    heard = _cut(_stereo(source, profile), profile, frames).filter("loudnorm", print_format="json")
    return _run(heard.output("-", format="null"), log="info")


def encode_sound(source: SoundSource, target: Path, profile: Profile, frames: int, level: Level) -> None:
    """Encode the rendition's sound alone, so that it can be measured as raters will hear it."""
    _encode_aac(_cut(_levelled(source, profile, level), profile, frames), target, profile)


def encode_silence(target: Path, profile: Profile, frames: int) -> None:
    """Add a silent sound track: every rendition has one, heard or not."""
    _encode_aac(_cut(_silence(profile), profile, frames), target, profile)


def encode_rendition(
    source: Path, sound: Path, target: Path, profile: Profile, facts: Probe, frames: int
) -> None:
    """Write the picture of `source` and the encoded `sound` into one MP4 that doesn't name its maker."""
    streams = _picture(source, profile, facts, frames), _input(sound)["a:0"]
    settings = _h264(profile) | {"c:a": "copy"} | _mp4_without_names()
    _run(ffmpeg.output(*streams, f"file:{target}", **settings))


def encode_variants(
    source: Path,
    heard: tuple[SoundSource, Level] | None,
    variants: Sequence[tuple[Path, Encoding]],
    profile: Profile,
    facts: Probe,
    frames: int,
) -> None:
    """Encode one clip many times, each time by other settings; it is decoded and scaled once.

    Args:
        source: the clip as its generator made it.
        heard: its sound and the level that its rendition has; None for silence.
        variants: path and settings of each variant.
        profile: the form shared by all renditions.
        facts: result of `probe` for the clip.
        frames: length of each variant.
    """
    sound = _silence(profile) if heard is None else _levelled(heard[0], profile, heard[1])
    pictures, sounds = _picture(source, profile, facts, frames).split(), sound.asplit()
    outputs = []
    for index, (target, encoding) in enumerate(variants):
        later = _cut(sounds[index].filter("adelay", f"{encoding.delay_samples}S", all=1), profile, frames)
        settings = _h264(profile) | _varied(encoding) | _mp4_without_names()
        outputs.append(ffmpeg.output(pictures[index], later, f"file:{target}", **settings))
    _run(ffmpeg.merge_outputs(*outputs))


def _run(output: Stream, log: str = "error") -> str:
    output = output.global_args("-hide_banner", "-nostdin", "-nostats", "-loglevel", log, "-copyts")
    output = output.overwrite_output()
    return run(ffmpeg.compile(output, cmd=find_ffmpeg()))


def _input(source: Path) -> Stream:
    return ffmpeg.input(f"file:{source}", max_pixels=LIMITS.pixels, **READ_SAFELY)


def _picture(source: Path, profile: Profile, facts: Probe, frames: int) -> Stream:
    width, height = profile.fit(facts.width, facts.height)
    picture = _input(source)[str(facts.picture_track)].filter("setpts", _from(facts.start_s))
    if facts.is_interlaced:
        picture = picture.filter("bwdif", mode="send_frame", deint="interlaced")
    picture = picture.filter("scale", width, height, flags=EXACTLY, **_colour(facts))
    if facts.has_wide_gamut:
        picture = _narrowed(picture, facts)
    return (
        picture.filter("format", "yuv420p")
        .filter("pad", profile.width, profile.height, "(ow-iw)/2", "(oh-ih)/2")
        .filter("setsar", 1)
        .filter("fps", str(profile.rate), start_time=0)
        .filter("tpad", stop=-1, stop_mode="clone")  # a clip that is too short holds its last picture
        .filter("trim", end_frame=frames)
        .filter("setparams", range="tv", color_primaries="bt709", color_trc="bt709", colorspace="bt709")
    )


def _from(start_s: float) -> str:
    """Shift the time stamps to the start of the clip. The filter itself would round down."""
    return f"round(PTS-({start_s!r})/TB)"


def _colour(facts: Probe) -> dict[str, str]:
    colour = {"out_color_matrix": "bt709", "out_range": "tv"}
    if not facts.colour_is_tagged:  # guess by size, as browsers do
        colour["in_color_matrix"] = "bt709" if facts.height >= HD_LINES else "bt601"
    if facts.video_codec == "vp8":  # ffmpeg reads its clamping bit as full range, which VP8 lacks
        colour["in_range"] = "tv"
    return colour


def _narrowed(picture: Stream, facts: Probe) -> Stream:
    """Convert wide-gamut colours to BT.709's primaries; the curve stays, as in other files."""
    curve = colour.TRANSFERS.get(facts.transfer, colour.ORDINARY_TRANSFER)
    given = {"ispace": "bt709", "irange": "tv", "iprimaries": colour.WIDE_GAMUTS[facts.primaries]}
    wanted = {"space": "bt709", "range": "tv", "primaries": "bt709", "itrc": curve, "trc": curve}
    return (
        picture.filter("format", "yuv444p12")
        .filter("colorspace", **given, **wanted)
        .filter("scale", flags=EXACTLY, out_color_matrix="bt709", out_range="tv")
    )


def _stereo(source: SoundSource, profile: Profile) -> Stream:
    sound = _input(source.path)[str(source.track)].filter("asetpts", _from(source.start_s))
    each = range(source.channels)
    if source.is_damaged:
        sane = [f"if(lte(abs(val({c})),{LOUDEST:g}),val({c}),0)" for c in each]
        sound = sound.filter("aeval", "|".join(sane), c="same")
    if source.channels > MOST_PLACED_CHANNELS:
        evenly = "+".join(f"c{c}" for c in each)
        sound = sound.filter("pan", f"stereo|c0<{evenly}|c1<{evenly}")
    return (
        sound
        # Silence fills gaps and a late beginning, which keeps the sound in step with the picture.
        .filter(
            "aresample",
            profile.sample_rate,
            **{"async": 1, "first_pts": 0, "min_hard_comp": GAP_S, "lfe_mix_level": LFE_LEVEL},
        ).filter("aformat", sample_fmts="fltp", channel_layouts="stereo")
    )


def _levelled(source: SoundSource, profile: Profile, level: Level) -> Stream:
    return (
        _stereo(source, profile)
        .filter("volume", f"{level.gain_db:.3f}dB")
        # True peaks lie between samples: limit at four times the rate. `level` would undo the gain.
        .filter("aresample", 4 * profile.sample_rate)
        .filter("alimiter", limit=f"{10 ** (level.ceiling_dbtp / 20):.6f}", level=0, latency=1)
        .filter("aresample", profile.sample_rate)
    )


def _silence(profile: Profile) -> Stream:
    return ffmpeg.input(f"anullsrc=r={profile.sample_rate}:cl=stereo", format="lavfi")


def _cut(sound: Stream, profile: Profile, frames: int) -> Stream:
    return sound.filter("apad").filter("atrim", end_sample=profile.samples_in(frames))


def _encode_aac(sound: Stream, target: Path, profile: Profile) -> None:
    settings = {"c:a": "aac", "b:a": profile.audio_bitrate, "aac_coder": "fast", "flags:a": "+bitexact"}
    _run(ffmpeg.output(sound, f"file:{target}", format="mp4", **settings))


def _h264(profile: Profile) -> dict[str, str | int]:
    return {
        "c:v": "libx264",
        "preset": profile.preset,
        "crf": profile.crf,
        "g": round(profile.fps),  # a key frame each second, so that seeking is quick
        "threads": 1,  # x264's bytes depend on the number; run clips in parallel instead
        # If the width is not a multiple of 16, x264's planning of B-frames reads memory that it never wrote,
        # and bytes change from run to run. Without B-frames, files are 8 % smaller to 16 % larger.
        "bf": 0,
        "flags:v": "+bitexact",
        "bsf:v": f"filter_units=remove_types={SEI}",
    }


def _varied(encoding: Encoding) -> dict[str, str | int | float]:
    """Return the settings of one variant: the fastest preset, but coded by CABAC, which saves a third."""
    inter, intra = encoding.dead_zones
    finely = {"cabac": 1, "deadzone-inter": inter, "deadzone-intra": intra}
    return {
        "preset": "ultrafast",
        "crf": encoding.crf,
        "chromaoffset": encoding.chroma_qp_offset,
        "x264-params": ":".join(f"{name}={value}" for name, value in finely.items()),
        "c:a": "aac",
        "b:a": encoding.audio_bitrate,
        "aac_coder": "fast",
        "flags:a": "+bitexact",
    }


def _mp4_without_names() -> dict[str, str | int]:
    return {
        "format": "mp4",
        "movflags": "+faststart",
        "fflags": "+bitexact",
        "map_metadata": -1,
        "map_chapters": -1,
        "metadata:s:v:0": "encoder=",  # else the sample entry says "Lavc libx264", even with bitexact
        "empty_hdlr_name": 1,
    }
