"""ffmpeg's command lines, word for word: another library may build them, if not a byte changes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from arena.media import graph
from arena.media.graph import Level, SoundSource
from arena.media.probe import Probe
from arena.media.profile import Profile

PROFILE = Profile("wide", 640, 360, 24)
CLIP, SOUND, TARGET = Path("/clips/clip.mkv"), Path("/tmp/sound.mp4"), Path("/tmp/made.mp4")
FACTS = Probe(
    duration_s=3.0,
    width=1280,
    height=720,
    fps=24.0,
    frames=72,
    video_codec="h264",
    colour_is_tagged=True,
    primaries=1,
    transfer=1,
    is_interlaced=False,
    picture_track=0,
    start_s=1.5,
    has_audio=False,
    sound=None,
    container="matroska",
)


@pytest.fixture
def argv(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the arguments of the one command that a test builds, without ffmpeg's own path."""
    seen: list[str] = []

    def keep(command: list[str]) -> str:
        seen.extend(command[1:])
        return ""

    monkeypatch.setattr(graph, "run", keep)
    return seen


READ = "-format_whitelist mov,matroska,webm,mpegts -max_pixels 16777216 -protocol_whitelist file -i"
QUIETLY = "-hide_banner -nostdin -nostats -loglevel error -copyts -y"
AS_AAC = f"-f mp4 -aac_coder fast -b:a 192000 -c:a aac -flags:a +bitexact file:/tmp/made.mp4 {QUIETLY}"
AS_MP4 = (
    "-f mp4 -bf 0 -bsf:v filter_units=remove_types=6 -c:a copy -c:v libx264 -crf 16 -empty_hdlr_name 1 "
    "-fflags +bitexact -flags:v +bitexact -g 24 -map_chapters -1 -map_metadata -1 "
    "-metadata:s:v:0 encoder= -movflags +faststart -preset veryfast -threads 1 "
    f"file:/tmp/made.mp4 {QUIETLY}"
)
STEREO = (
    "aresample=48000:async=1:first_pts=0:lfe_mix_level=0.7071:min_hard_comp=0.02",
    "aformat=channel_layouts=stereo:sample_fmts=fltp",
)
SCALE = "scale={}:flags=lanczos+accurate_rnd+full_chroma_int+bitexact:{}out_color_matrix=bt709:out_range=tv"
FINISH = (
    "format=yuv420p",
    "pad=640:360:(ow-iw)/2:(oh-ih)/2",
    "setsar=1",
    "fps={}:start_time=0",
    "tpad=stop=-1:stop_mode=clone",
    "trim=end_frame=72",
    "setparams=color_primaries=bt709:color_trc=bt709:colorspace=bt709:range=tv",
)


def chain(source: str, *filters: str) -> list[str]:
    """Return a filter graph of one chain, and the mapping of its end."""
    labels = [source, *(f"s{index}" for index in range(len(filters)))]
    steps = [
        f"[{before}]{name}[{after}]" for before, name, after in zip(labels, filters, labels[1:], strict=False)
    ]
    return ["-filter_complex", ";".join(steps), "-map", f"[{labels[-1]}]"]


def test_the_meter_reads_sound_as_it_will_be_heard(argv: list[str]) -> None:
    graph.loudness_report(SoundSource(CLIP, track=1, start_s=1.5), PROFILE, frames=72)

    assert argv == [
        *READ.split(),
        "file:/clips/clip.mkv",
        *chain(
            "0:1",
            "asetpts=round(PTS-(1.5)/TB)",
            *STEREO,
            "apad",
            "atrim=end_sample=144000",
            "loudnorm=print_format=json",
        ),
        *["-f", "null", "-", "-hide_banner", "-nostdin", "-nostats", "-loglevel", "info", "-copyts", "-y"],
    ]


LEVELLED = (
    "volume=4.500dB",
    "aresample=192000",
    "alimiter=latency=1:level=0:limit=0.841395",
    "aresample=48000",
    "apad",
    "atrim=end_sample=144000",
)


def test_sound_is_levelled_limited_and_cut(argv: list[str]) -> None:
    graph.encode_sound(SoundSource(CLIP, track=1), TARGET, PROFILE, 72, Level(4.5, -1.5))

    assert argv == [
        *READ.split(),
        "file:/clips/clip.mkv",
        *chain("0:1", "asetpts=round(PTS-(0.0)/TB)", *STEREO, *LEVELLED),
        *AS_AAC.split(),
    ]


def test_damaged_sound_is_mended_and_many_channels_are_mixed_first(argv: list[str]) -> None:
    source = SoundSource(CLIP, track=2, channels=9, is_damaged=True)
    graph.encode_sound(source, TARGET, PROFILE, 72, Level(4.5, -1.5))
    sane = "|".join(rf"if(lte(abs(val({c}))\,100)\,val({c})\,0)" for c in range(9))
    evenly = "c0+c1+c2+c3+c4+c5+c6+c7+c8"

    assert argv[8:12] == chain(
        "0:2",
        "asetpts=round(PTS-(0.0)/TB)",
        f"aeval={sane}:c=same",
        f"pan=stereo|c0<{evenly}|c1<{evenly}",
        *STEREO,
        *LEVELLED,
    )


def test_silence_is_encoded_as_sound_is(argv: list[str]) -> None:
    graph.encode_silence(TARGET, PROFILE, frames=72)

    assert argv == [
        *["-f", "lavfi", "-i", "anullsrc=r=48000:cl=stereo"],
        *chain("0", "apad", "atrim=end_sample=144000"),
        *AS_AAC.split(),
    ]


def test_the_picture_is_scaled_padded_and_timed(argv: list[str]) -> None:
    graph.encode_rendition(CLIP, SOUND, TARGET, PROFILE, FACTS, frames=72)

    assert argv == [
        *READ.split(),
        "file:/clips/clip.mkv",
        *READ.split(),
        "file:/tmp/sound.mp4",
        *chain(
            "0:0",
            "setpts=round(PTS-(1.5)/TB)",
            SCALE.format("640:360", ""),
            *(step.format("24") for step in FINISH),
        ),
        *("-map", "1:a:0"),
        *AS_MP4.split(),
    ]


def test_a_picture_of_every_peculiarity(argv: list[str]) -> None:
    """Interlaced, wide gamut, untagged, in VP8, for a rate of television."""
    facts = replace(
        FACTS,
        width=400,
        height=300,
        video_codec="vp8",
        colour_is_tagged=False,
        primaries=9,
        transfer=14,
        is_interlaced=True,
    )
    graph.encode_rendition(CLIP, SOUND, TARGET, replace(PROFILE, fps=23.976), facts, frames=72)
    exact = "scale=flags=lanczos+accurate_rnd+full_chroma_int+bitexact:out_color_matrix=bt709:out_range=tv"

    assert argv[16:20] == chain(
        "0:0",
        "setpts=round(PTS-(1.5)/TB)",
        "bwdif=deint=interlaced:mode=send_frame",
        SCALE.format("480:360", "in_color_matrix=bt601:in_range=tv:"),
        "format=yuv444p12",
        "colorspace=iprimaries=bt2020:irange=tv:ispace=bt709:itrc=gamma22:"
        "primaries=bt709:range=tv:space=bt709:trc=gamma22",
        exact,
        *(step.format("24000/1001") for step in FINISH),
    )
