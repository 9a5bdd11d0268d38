"""Time stamps, gaps, rates and ends as recorders, editors and packagers write them."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from arena.media.normalise import RenditionFacts, normalise
from arena.media.probe import UnusableMedia, probe
from arena.media.profile import Profile
from tests.factories_media import FLASH, FLASH_S, H264, NO_SOUND, beep, convert, moments

SMALL = Profile("small", 64, 48, 24)
FRAME_S = 1 / 24
AAC, PCM, OPUS = ("-c:a", "aac"), ("-c:a", "pcm_s16le"), ("-c:a", "libopus")


def shown(source: Path) -> tuple[float, float, RenditionFacts]:
    """When the rendition's flash and beep come, and what it is like."""
    target = source.with_name("rendition.mp4")
    made = normalise(source, target, SMALL, with_sound=True, duration_s=1.5)
    flash_s, beep_s = moments(target)
    assert flash_s is not None
    assert beep_s is not None
    return flash_s, beep_s, made


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("clip.mkv", PCM),
        ("clip.mkv", AAC),
        ("clip.webm", OPUS),
        ("clip.mp4", AAC),
        ("clip.mov", PCM),
        ("clip.ts", AAC),
    ],
    ids=["mkv-pcm", "mkv-aac", "webm", "mp4", "mov", "ts"],
)
@pytest.mark.parametrize("start_s", [1.5, 3600])
def test_a_clip_whose_stamps_start_late_begins_at_once(
    tmp_path: Path, name: str, codec: tuple[str, ...], start_s: float
) -> None:
    video = ("-c:v", "libvpx", "-deadline", "realtime") if name.endswith("webm") else H264
    source = convert(tmp_path / name, *FLASH, *beep(), *video, *codec, "-output_ts_offset", start_s)
    flash_s, beep_s, made = shown(source)

    assert flash_s == pytest.approx(FLASH_S, abs=FRAME_S)
    assert beep_s - flash_s == pytest.approx(0, abs=0.025)
    assert probe(source).fps == 24
    assert made.changes.described() == []


@pytest.mark.parametrize("name", ["clip.mp4", "clip.mkv", "clip.ts"])
@pytest.mark.parametrize("late", ["picture", "sound"])
def test_picture_and_sound_keep_their_true_offset(tmp_path: Path, name: str, late: str) -> None:
    delay = ("-itsoffset", "0.375")  # nine frames
    first, second = (delay, ()) if late == "picture" else ((), delay)
    source = convert(tmp_path / name, *first, *FLASH, *second, *beep(), *H264, *AAC)
    flash_s, beep_s, made = shown(source)

    assert beep_s - flash_s == pytest.approx(0.375 if late == "sound" else -0.375, abs=0.025)
    assert made.changes.silence_s == pytest.approx(0.375, abs=0.03) if late == "sound" else made.changes.cut_s


def test_files_joined_end_to_end_are_not_shown_by_half(tmp_path: Path) -> None:
    source = convert(tmp_path / "clip.ts", *FLASH, *beep(), *H264, *AAC)
    source.write_bytes(2 * source.read_bytes())

    with pytest.raises(UnusableMedia, match="start again midway"):
        probe(source)


def test_an_edit_list_that_cuts_the_start_is_kept(tmp_path: Path) -> None:
    whole = convert(tmp_path / "whole.mp4", *FLASH, *beep(), *H264, *AAC)
    source = convert(tmp_path / "clip.mp4", "-ss", 0.25, "-i", whole, "-c", "copy")
    flash_s, beep_s, made = shown(source)

    assert (flash_s, beep_s) == pytest.approx((0.25, 0.25), abs=0.025)
    assert made.changes.source_duration_s == pytest.approx(1.25, abs=0.01)


def test_a_fragmented_file_is_taken_whole(tmp_path: Path) -> None:
    fragments = ("-movflags", "frag_keyframe+empty_moov+default_base_moof", "-g", "12")
    source = convert(tmp_path / "clip.mp4", *FLASH, *beep(), *H264, *AAC, *fragments)
    flash_s, beep_s, _ = shown(source)

    assert (probe(source).frames, probe(source).fps) == (36, 24)
    assert beep_s - flash_s == pytest.approx(0, abs=0.03)


@pytest.mark.parametrize("gaps", [[0.09], [0.06] * 3, [0.025] * 5], ids=str)
def test_gaps_in_the_sounds_stamps_are_filled_as_stamped(tmp_path: Path, gaps: list[float]) -> None:
    jumps = "+".join(f"gte(T,{0.05 * (at + 1)})*{gap_s}/TB" for at, gap_s in enumerate(gaps))
    late_s = FLASH_S + sum(gaps)
    source = convert(
        tmp_path / "clip.mkv", *FLASH, *beep(), "-af", f"asetnsamples=480,asetpts='PTS+{jumps}'", *H264, *PCM
    )
    _, beep_s, made = shown(source)

    assert beep_s == pytest.approx(late_s, abs=0.025)
    assert made.changes.silence_s == pytest.approx(sum(gaps), abs=0.01)


def test_stamps_that_only_jitter_leave_the_sound_whole(tmp_path: Path) -> None:
    jitter = "asetnsamples=480,asetpts=PTS+mod(floor(T*100)\\,2)*0.004/TB"
    source = convert(tmp_path / "clip.mkv", *FLASH, *beep(), "-af", jitter, *H264, *PCM)
    _, beep_s, made = shown(source)

    assert beep_s == pytest.approx(FLASH_S, abs=0.01)
    assert made.changes.silence_s < 0.01


def test_other_tracks_may_outlast_the_picture(tmp_path: Path) -> None:
    (tmp_path / "words.srt").write_text("1\n00:00:00,000 --> 00:00:20,000\nwords\n")
    longer = ("-f", "lavfi", "-i", "sine=d=4")
    inputs = (*FLASH, *beep(), *longer, "-i", tmp_path / "words.srt")
    maps = ("-map", 0, "-map", 1, "-map", 2, "-map", 3)
    for name, words in (("clip.mkv", "srt"), ("clip.mp4", "mov_text")):
        flash_s, beep_s, made = shown(convert(tmp_path / name, *inputs, *maps, *H264, *AAC, "-c:s", words))

        assert (flash_s, beep_s) == pytest.approx((FLASH_S, FLASH_S), abs=0.025)
        assert made.changes.source_duration_s == pytest.approx(1.5, abs=0.01)


@pytest.mark.parametrize("last", ["video", "audio"])
def test_a_track_that_is_cut_short_is_told_even_if_the_other_is_whole(tmp_path: Path, last: str) -> None:
    """The header comes first, then all of one track, then all of the other, which a download lost in part."""
    noise = ("-f", "lavfi", "-i", "testsrc2=s=64x48:r=24:d=3"), ("-f", "lavfi", "-i", "anoisesrc=d=3:a=0.1")
    source, apart = convert(tmp_path / "clip.mp4", *noise[0], *noise[1], *H264, *AAC), tmp_path / "apart.mp4"
    options = {"movflags": "faststart", "max_interleave_delta": "1"}
    with av.open(source) as given, av.open(apart, "w", options=options) as made:
        copies = {s.index: made.add_stream_from_template(s) for s in given.streams}
        packets = [packet for packet in given.demux() if packet.size]
        for packet in sorted(packets, key=lambda packet: packet.stream.type == last):
            packet.stream = copies[packet.stream_index]
            made.mux(packet)
    with av.open(apart) as whole:
        places = [packet.pos for packet in whole.demux() if packet.size and packet.stream.type == last]
    apart.write_bytes(apart.read_bytes()[: places[len(places) * 2 // 3]])

    with pytest.raises(UnusableMedia, match=r"cut short: it promises 3\.0 s and holds (2\.|1\.9)"):
        probe(apart)


@pytest.mark.parametrize(
    ("name", "rate"), [("clip.mp4", "24000/1001"), ("clip.mkv", "30000/1001"), ("clip.ts", "25")]
)
def test_rates_of_television_are_read_exactly(tmp_path: Path, name: str, rate: str) -> None:
    source = convert(tmp_path / name, "-f", "lavfi", "-i", f"testsrc2=s=64x48:r={rate}:d=1", *H264)
    facts = probe(source)

    assert str(Profile.following(facts).rate) == rate
    assert facts.duration_s == pytest.approx(1, abs=0.05)


def test_a_variable_frame_rate_keeps_its_moments(tmp_path: Path) -> None:
    thinned = "select='not(eq(mod(n,3),1))'"
    source = convert(tmp_path / "clip.mkv", *FLASH, *beep(), "-vf", thinned, "-fps_mode", "vfr", *H264, *PCM)
    flash_s, beep_s, made = shown(source)

    assert (flash_s, beep_s) == pytest.approx((FLASH_S, FLASH_S), abs=FRAME_S)
    assert made.changes.source_fps == pytest.approx(16, abs=0.2)
    assert made.frames == 36


def write_floats(tmp_path: Path, samples: np.ndarray) -> Path:
    (tmp_path / "sound.f32").write_bytes(samples.astype(np.float32).tobytes())
    raw = ("-f", "f32le", "-ar", 48_000, "-ac", 1, "-i", tmp_path / "sound.f32")
    return convert(tmp_path / "clip.mkv", *FLASH, *raw, *H264, "-c:a", "pcm_f32le")


def beeping() -> np.ndarray:
    at = np.arange(72_000) / 48_000
    return np.where((at >= FLASH_S) & (at < FLASH_S + 0.15), 0.5 * np.sin(2000 * np.pi * at), 0)


@pytest.mark.parametrize("damage", [np.nan, -np.inf, 1e30])
def test_a_few_damaged_samples_become_silence_and_are_told(tmp_path: Path, damage: float) -> None:
    samples = beeping()
    samples[2_000:2_480] = damage
    _, beep_s, made = shown(write_floats(tmp_path, samples))

    assert beep_s == pytest.approx(FLASH_S, abs=0.01)
    assert made.changes.mended_s == pytest.approx(0.01)
    assert "10 ms of damaged sound silenced" in made.changes.described()


@pytest.mark.parametrize("damage", [np.nan, np.inf])
def test_sound_of_damage_alone_is_refused_in_words(tmp_path: Path, damage: float) -> None:
    with pytest.raises(UnusableMedia, match=r"The sound holds no numbers.*NaN"):
        probe(write_floats(tmp_path, np.full(72_000, damage)))


def test_sound_beyond_full_scale_is_no_damage(tmp_path: Path) -> None:
    _, _, made = shown(write_floats(tmp_path, 4 * beeping()))

    assert made.changes.mended_s == 0
    assert made.true_peak_dbtp is not None
    assert made.true_peak_dbtp <= SMALL.true_peak_dbtp


@pytest.mark.parametrize("codec", ["pcm_u8", "pcm_s24le", "pcm_s32le", "pcm_f64le", "flac"])
def test_peaks_are_read_in_every_format(tmp_path: Path, codec: str) -> None:
    sound = probe(convert(tmp_path / "clip.mkv", *FLASH, *beep(), *H264, "-c:a", codec)).sound

    assert sound is not None
    assert sound.peak == pytest.approx(0.5, abs=0.01)


def test_digital_silence_has_no_peak(tmp_path: Path) -> None:
    sound = probe(convert(tmp_path / "clip.mkv", *FLASH, *NO_SOUND, *H264, "-c:a", "pcm_u8")).sound

    assert sound is not None
    assert sound.peak == pytest.approx(0.0, abs=0.005)
