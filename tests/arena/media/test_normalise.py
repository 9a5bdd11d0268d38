from __future__ import annotations

import hashlib
import os
import subprocess
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
from pytest_django import Settings

from arena.media import command
from arena.media import normalise as module
from arena.media.audit import Leak, find_leaks
from arena.media.binary import find_ffmpeg
from arena.media.boxes import walk
from arena.media.normalise import LeakyRendition, normalise
from arena.media.probe import UnusableMedia, probe
from arena.media.profile import Profile
from tests.factories_media import hot_noise, quiet, tone, write_clip, write_truncated

WIDE = Profile("wide", 256, 144, 24)
BT709 = 1
LIMITED_RANGE = 1


def pictures(path: Path) -> list[np.ndarray]:
    with av.open(path) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def samples(path: Path) -> np.ndarray:
    with av.open(path) as container:
        return np.concatenate([frame.to_ndarray() for frame in container.decode(audio=0)], axis=1)


@pytest.mark.parametrize(
    ("seconds", "size", "fps"), [(1.0, (320, 180), 24), (0.7, (182, 322), 16), (2.0, (512, 512), 30)]
)
def test_whatever_comes_in_one_form_goes_out(
    tmp_path: Path, seconds: float, size: tuple[int, int], fps: int
) -> None:
    source = write_clip(
        tmp_path / "clip.mp4", width=size[0], height=size[1], fps=fps, seconds=seconds, sound=tone(seconds)
    )
    target = tmp_path / "rendition.mp4"
    rendition = normalise(source, target, WIDE, with_sound=True, duration_s=1.0)

    assert (rendition.width, rendition.height, rendition.fps, rendition.frames) == (256, 144, 24.0, 24)
    assert (rendition.duration_s, rendition.has_sound) == (1.0, True)
    assert rendition.loudness_lufs == pytest.approx(-23.0, abs=0.5)
    assert rendition.sha256 == hashlib.sha256(target.read_bytes()).hexdigest()
    assert rendition.size_bytes == target.stat().st_size
    with av.open(target) as container:
        video, audio = container.streams
        assert container.duration == av.time_base
        assert set(container.metadata) == {"major_brand", "minor_version", "compatible_brands"}
        assert isinstance(video, av.VideoStream)
        assert isinstance(audio, av.AudioStream)
        assert (video.codec_context.name, video.codec_context.pix_fmt) == ("h264", "yuv420p")
        assert video.sample_aspect_ratio == 1
        assert video.codec_context.color_range == LIMITED_RANGE
        context = video.codec_context
        assert (context.colorspace, context.color_primaries, context.color_trc) == (BT709, BT709, BT709)
        assert (audio.codec_context.name, audio.rate, audio.layout.name) == ("aac", 48_000, "stereo")


def test_its_header_comes_first_and_it_has_no_fragments(tmp_path: Path) -> None:
    target = tmp_path / "rendition.mp4"
    normalise(write_clip(tmp_path / "clip.mp4"), target, WIDE, with_sound=False)
    outermost = [box.kind for box in walk(memoryview(target.read_bytes())) if "/" not in box.path]

    assert outermost == ["ftyp", "moov", "free", "mdat"]


@pytest.mark.parametrize("profile", [WIDE, replace(WIDE, width=202, height=362)], ids=["wide", "tall"])
def test_the_same_clip_gives_the_same_bytes_whatever_was_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, profile: Profile
) -> None:
    source = write_clip(tmp_path / "clip.mp4", sound=tone(1.0))
    first = normalise(source, tmp_path / "first.mp4", profile, with_sound=True)
    monkeypatch.setenv("MALLOC_PERTURB_", "173")  # glibc fills fresh memory with this byte
    again = normalise(source, tmp_path / "again.mp4", profile, with_sound=True)

    assert first == again
    assert (tmp_path / "first.mp4").read_bytes() == (tmp_path / "again.mp4").read_bytes()


def test_names_and_tags_of_the_source_do_not_survive(tmp_path: Path) -> None:
    tags = {"title": "AcmeVideo 3", "comment": "made by AcmeVideo"}
    source = write_clip(tmp_path / "clip.mp4", sound=tone(1.0), tags=tags)
    target = tmp_path / "rendition.mp4"
    normalise(source, target, WIDE, with_sound=True, forbidden=["AcmeVideo"])

    assert find_leaks(source, ["AcmeVideo"]) != []
    assert find_leaks(target, ["AcmeVideo"]) == []
    assert b"x264" not in target.read_bytes()


def test_the_whole_picture_is_shown_between_black_bars(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "clip.mp4", width=128, height=128, colour=(255, 255, 255))
    normalise(source, tmp_path / "rendition.mp4", WIDE, with_sound=False)
    row = pictures(tmp_path / "rendition.mp4")[0][72]

    assert row[:50].max() < 16
    assert row[62:194].min() > 240
    assert row[206:].max() < 16


@pytest.mark.parametrize("colour", [(200, 30, 30), (30, 160, 60), (20, 40, 200)])
def test_untagged_colours_keep_their_look(tmp_path: Path, colour: tuple[int, int, int]) -> None:
    source = write_clip(tmp_path / "clip.mp4", colour=colour)
    normalise(source, tmp_path / "rendition.mp4", WIDE, with_sound=False)

    assert pictures(tmp_path / "rendition.mp4")[0][72, 128] == pytest.approx(np.array(colour), abs=6)


def test_tagged_colours_are_not_guessed(tmp_path: Path) -> None:
    colour = (200, 30, 30)
    untagged = write_clip(tmp_path / "clip.mp4", colour=colour)
    normalise(untagged, tmp_path / "tagged.mp4", WIDE, with_sound=False)
    normalise(tmp_path / "tagged.mp4", tmp_path / "again.mp4", WIDE, with_sound=False)

    assert pictures(tmp_path / "again.mp4")[0][72, 128] == pytest.approx(np.array(colour), abs=6)


def test_a_clip_filmed_upright_stays_upright(tmp_path: Path) -> None:
    lying, upright = write_clip(tmp_path / "lying.mp4", colour=(255, 255, 255)), tmp_path / "upright.mp4"
    subprocess.run(
        [find_ffmpeg(), "-loglevel", "error", "-display_rotation", "90", "-i", lying, "-c", "copy", upright],
        check=True,
    )
    normalise(upright, tmp_path / "rendition.mp4", WIDE, with_sound=False)
    row = pictures(tmp_path / "rendition.mp4")[0][72]

    assert (probe(upright).width, probe(upright).height) == (180, 320)
    assert (row[:80].max() < 16, row[96:160].min() > 240) == (True, True)


def test_a_short_clip_holds_its_last_picture_and_falls_silent(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "clip.mp4", seconds=0.5, sound=tone(0.5))
    rendition = normalise(source, tmp_path / "rendition.mp4", WIDE, with_sound=True, duration_s=1.0)
    shown, heard = pictures(tmp_path / "rendition.mp4"), samples(tmp_path / "rendition.mp4")

    assert rendition.frames == 24
    assert np.abs(shown[23].astype(int) - shown[13]).mean() < 2
    assert np.abs(shown[0].astype(int) - shown[11]).mean() > 10
    assert np.abs(heard[:, 30_000:]).max() < 1e-3


def test_a_clip_keeps_its_own_length_if_none_is_asked_for(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "clip.mp4", seconds=1.25)

    assert normalise(source, tmp_path / "rendition.mp4", WIDE, with_sound=False).frames == 30


def test_sound_stays_in_step_with_the_picture(tmp_path: Path) -> None:
    beep = np.concatenate([quiet(0.5), tone(0.5)])
    normalise(
        write_clip(tmp_path / "clip.mp4", sound=beep), tmp_path / "rendition.mp4", WIDE, with_sound=True
    )
    onset_s = np.argmax(np.abs(samples(tmp_path / "rendition.mp4")[0]) > 0.02) / 48_000

    assert onset_s == pytest.approx(0.5, abs=0.01)


def test_where_sound_is_not_judged_all_clips_carry_the_same_silence(tmp_path: Path) -> None:
    loud = write_clip(tmp_path / "loud.mp4", sound=hot_noise(1.0))
    mute = write_clip(tmp_path / "mute.mp4")
    first = normalise(loud, tmp_path / "first.mp4", WIDE, with_sound=False)
    second = normalise(mute, tmp_path / "second.mp4", WIDE, with_sound=True)

    assert first == replace(second, changes=first.changes)
    assert (first.changes.muted, first.changes.silence_s) == (True, 0.0)
    assert (second.changes.muted, second.changes.silence_s) == (False, 1.0)
    assert (first.has_sound, first.loudness_lufs, first.gain_db) == (False, None, None)
    assert not samples(tmp_path / "first.mp4").any()


def test_a_hot_clip_keeps_under_the_peak(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "clip.mp4", sound=hot_noise(1.0))
    loud = replace(WIDE, loudness_lufs=-10.0)
    rendition = normalise(source, tmp_path / "rendition.mp4", loud, with_sound=True)

    assert rendition.true_peak_dbtp is not None
    assert rendition.true_peak_dbtp <= -1.5


def test_a_webm_is_taken_too(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "clip.webm", codecs=("libvpx-vp9", "libopus"), sound=tone(1.0))
    normalise(source, tmp_path / "rendition.mp4", WIDE, with_sound=True)

    assert probe(tmp_path / "rendition.mp4").video_codec == "h264"


def test_a_name_with_odd_characters_is_only_a_name(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "concat:-i 'é%d.mp4")

    assert normalise(source, tmp_path / "-y.mp4", WIDE, with_sound=False).frames == 24


def test_a_broken_clip_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    source = write_truncated(tmp_path / "clip.mp4")
    before = set(os.listdir(tmp_path))

    with pytest.raises(UnusableMedia):
        normalise(source, tmp_path / "rendition.mp4", WIDE, with_sound=True)
    assert set(os.listdir(tmp_path)) == before


def test_a_failure_of_ffmpeg_is_told_without_paths_and_leaves_nothing(
    tmp_path: Path, settings: Settings
) -> None:
    failing = tmp_path / "ffmpeg"
    failing.write_text(
        '#!/bin/sh\nfor last; do :; done\necho "[mp4 @ 0x55d0] Error in $4: No space" >&2\nexit 1\n'
    )
    failing.chmod(0o755)
    settings.FFMPEG_BINARY = str(failing)
    source = write_clip(tmp_path / "clip.mp4", sound=tone(1.0))
    before = set(os.listdir(tmp_path))

    with pytest.raises(UnusableMedia, match=r"ffmpeg can't convert the file: Error in .*: No space") as error:
        normalise(source, tmp_path / "rendition.mp4", WIDE, with_sound=True)
    assert str(tmp_path) not in str(error.value)
    assert set(os.listdir(tmp_path)) == before


def test_an_ffmpeg_that_never_ends_is_stopped(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    hanging = tmp_path / "ffmpeg"
    hanging.write_text("#!/bin/sh\nexec sleep 60\n")
    hanging.chmod(0o755)
    settings.FFMPEG_BINARY = str(hanging)
    monkeypatch.setattr(command, "TIME_LIMIT_S", 0.2)

    with pytest.raises(UnusableMedia, match=r"stopped after 0\.2 s"):
        normalise(write_clip(tmp_path / "clip.mp4"), tmp_path / "rendition.mp4", WIDE, with_sound=False)


def test_a_rendition_with_a_leak_is_thrown_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def suspicious(*_: object) -> list[Leak]:
        return [Leak("moov/uuid", "a box that playing doesn't need")]

    source = write_clip(tmp_path / "clip.mp4")
    monkeypatch.setattr(module, "find_leaks", suspicious)

    with pytest.raises(LeakyRendition, match="moov/uuid: a box"):
        normalise(source, tmp_path / "rendition.mp4", WIDE, with_sound=False)
    assert os.listdir(tmp_path) == ["clip.mp4"]


@pytest.mark.parametrize("duration_s", [0.0, -1.0, 1e6, float("nan")])
def test_an_absurd_length_is_refused(tmp_path: Path, duration_s: float) -> None:
    with pytest.raises(ValueError, match="can't last"):
        normalise(
            write_clip(tmp_path / "clip.mp4"),
            tmp_path / "rendition.mp4",
            WIDE,
            with_sound=False,
            duration_s=duration_s,
        )
