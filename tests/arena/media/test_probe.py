from __future__ import annotations

import struct
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from arena.media.intake import LIMITS, Limits, UnusableMedia
from arena.media.probe import Probe, probe
from tests.factories_media import H264, convert, tone, write_clip, write_sound, write_truncated


def test_a_clip_with_sound(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", width=322, height=182, fps=16, seconds=1.5, sound=tone(1.5))
    facts = probe(clip)

    assert facts == Probe(
        duration_s=1.5,
        width=322,
        height=182,
        fps=16.0,
        frames=24,
        video_codec="h264",
        colour_is_tagged=False,
        primaries=2,
        transfer=2,
        is_interlaced=False,
        picture_track=0,
        start_s=0.0,
        has_audio=True,
        sound=facts.sound,
        container="mov",
    )
    assert facts.sound is not None
    assert (facts.sound.track, facts.sound.rate, facts.sound.channels) == (1, 48_000, 1)
    assert facts.sound.start_s == pytest.approx(0.0, abs=0.03)
    assert facts.sound.end_s == pytest.approx(1.5, abs=0.03)
    assert facts.sound.peak == pytest.approx(0.25, abs=0.03)
    assert (facts.sound.gaps_s, facts.sound.damaged_s, facts.sound.others) == (0.0, 0.0, 0)


def test_a_webm_without_sound(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.webm", codecs=("libvpx-vp9", "libopus"))
    facts = probe(clip)

    assert (facts.container, facts.video_codec, facts.frames) == ("matroska", "vp9", 24)
    assert (facts.has_audio, facts.sound) == (False, None)


def test_oblong_pixels_count_as_displayed(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", width=320, height=240, pixel_aspect=(4, 3))

    assert (probe(clip).width, probe(clip).height) == (427, 240)


def test_sound_that_outlasts_the_picture_does_not_lengthen_it(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", seconds=1.0, sound=tone(2.0))

    assert probe(clip).duration_s == pytest.approx(1.0)


def refuse(path: Path, content: bytes, reason: str) -> None:
    path.write_bytes(content)
    with pytest.raises(UnusableMedia, match=reason) as error:
        probe(path)
    assert str(path.parent) not in str(error.value)


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    refuse(tmp_path / "clip.mp4", b"", "empty")


def test_text_is_refused(tmp_path: Path) -> None:
    refuse(
        tmp_path / "clip.mp4",
        b"<html>Not found</html>" * 99,
        "not a playable video .* MP4, MOV, WebM, MKV or MPEG-TS",
    )


def test_a_playlist_that_names_another_file_is_refused(tmp_path: Path) -> None:
    other = write_clip(tmp_path / "other.mp4")
    playlist = f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{other}\n#EXT-X-ENDLIST\n"

    refuse(tmp_path / "clip.mp4", playlist.encode(), "not a playable video")


def test_a_header_without_contents_is_refused(tmp_path: Path) -> None:
    refuse(
        tmp_path / "clip.mp4", write_clip(tmp_path / "whole.mp4").read_bytes()[:40], "not a playable video"
    )


def test_a_picture_is_refused(tmp_path: Path) -> None:
    Image.new("RGB", (64, 64)).save(tmp_path / "clip.png")

    with pytest.raises(UnusableMedia, match="not a playable video"):
        probe(tmp_path / "clip.png")


def test_sound_alone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnusableMedia, match="no video in it"):
        probe(write_sound(tmp_path / "clip.mp4", tone(1.0)))


@pytest.mark.parametrize("share", [0.3, 0.5, 0.7])
def test_a_download_that_stopped_midway_is_refused(tmp_path: Path, share: float) -> None:
    with pytest.raises(UnusableMedia, match="cut short"):
        probe(write_truncated(tmp_path / "clip.mp4", share))


def test_a_download_without_its_end_where_the_header_stands_is_refused(tmp_path: Path) -> None:
    content = write_clip(tmp_path / "whole.mp4").read_bytes()

    refuse(tmp_path / "clip.mp4", content[: content.index(b"moov")], "not a playable video")


def test_a_header_that_promises_more_than_there_is_is_refused(tmp_path: Path) -> None:
    content = bytearray(write_clip(tmp_path / "whole.webm", codecs=("libvpx-vp9", "libopus")).read_bytes())
    stated_at = content.index(b"\x44\x89\x88") + 3  # Matroska's Duration, eight bytes of floating point
    content[stated_at : stated_at + 8] = struct.pack(">d", 9000.0)

    refuse(tmp_path / "clip.webm", bytes(content), r"cut short: it promises 9\.0 s and holds 1\.0 s")


def test_hdr_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnusableMedia, match=r"HDR \(PQ\)"):
        probe(write_clip(tmp_path / "clip.mp4", transfer=16))


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (replace(LIMITS, size_bytes=1000), r"at most 0\.000953674 MiB"),
        (replace(LIMITS, duration_s=0.5), r"lasts 1\.0 s; at most 0\.5 s"),
        (replace(LIMITS, side_px=300), "320×180; at most 300"),
        (replace(LIMITS, fps=16), "24 frames a second; at most 16"),
        (replace(LIMITS, decoding_s=0.0), r"must be played within 0 s; it took 0 s"),
    ],
)
def test_beyond_a_limit_is_refused(tmp_path: Path, limits: Limits, reason: str) -> None:
    with pytest.raises(UnusableMedia, match=reason):
        probe(write_clip(tmp_path / "clip.mp4"), limits)


def test_a_picture_that_grows_midway_is_refused_before_it_fills_the_memory(tmp_path: Path) -> None:
    """A transport stream's header states its first size alone."""
    small = convert(tmp_path / "small.ts", "-f", "lavfi", "-i", "testsrc=size=64x64:rate=8:duration=1", *H264)
    large = convert(
        tmp_path / "large.ts", "-f", "lavfi", "-i", "testsrc=size=512x512:rate=8:duration=1", *H264
    )
    grown = tmp_path / "grown.ts"
    grown.write_bytes(small.read_bytes() + large.read_bytes())
    with pytest.raises(UnusableMedia, match="changes its size midway"):
        probe(grown)
    with pytest.raises(UnusableMedia, match="broken or cut short"):  # the large picture is never decoded
        probe(grown, replace(LIMITS, side_px=128))
