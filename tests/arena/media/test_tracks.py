"""Which tracks and channels are heard and seen, and why others are refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from arena.media.normalise import normalise
from arena.media.probe import UnusableMedia, probe
from arena.media.profile import Profile
from tests.factories_media import FLASH, FLASH_S, H264, NO_SOUND, Moments, beep, convert, moments

SMALL = Profile("small", 64, 48, 24)
PCM = ("-c:a", "pcm_s16le")
KEY = (
    "-encryption_key",
    "76a6c65c5ea762046bd749a2e632ccbb",
    "-encryption_kid",
    "a7e61c373e219033c21091fa607bf3b8",
)


def beep_s(source: Path) -> float | None:
    """When raters hear the beep."""
    target = source.with_name("rendition.mp4")
    normalise(source, target, SMALL, with_sound=True)
    return moments(target).beep_s


def two_tracks(path: Path, first: tuple[str, ...], second: tuple[str, ...], *more: object) -> Path:
    maps = ("-map", 0, "-map", 1, "-map", 2)
    return convert(path, *FLASH, *first, *second, *maps, *H264, "-c:a", "pcm_s16le", *more)


def patched(path: Path, *changes: tuple[bytes, bytes]) -> Path:
    """Return the file with the first occurrence of each pattern replaced."""
    content = path.read_bytes()
    for old, new in changes:
        assert old in content
        content = content.replace(old, new, 1)
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("name", ["clip.mov", "clip.mkv"])
def test_the_second_track_is_heard_if_the_first_is_silent(tmp_path: Path, name: str) -> None:
    source = two_tracks(tmp_path / name, NO_SOUND, beep())
    sound = probe(source).sound

    assert beep_s(source) == pytest.approx(FLASH_S, abs=0.01)
    assert sound is not None
    assert (sound.track, sound.others) == (2, 0)


def test_of_two_tracks_with_sound_the_first_is_heard_and_the_other_told(tmp_path: Path) -> None:
    source = two_tracks(tmp_path / "clip.mov", beep(), beep(at_s=1.0))
    made = normalise(source, tmp_path / "rendition.mp4", SMALL, with_sound=True)

    assert moments(tmp_path / "rendition.mp4").beep_s == pytest.approx(FLASH_S, abs=0.01)
    assert "1 further sound tracks left out" in made.changes.described()


def test_the_default_track_goes_before_the_first(tmp_path: Path) -> None:
    default = ("-disposition:a:0", "0", "-disposition:a:1", "default")
    source = two_tracks(tmp_path / "clip.mkv", beep(at_s=1.0), beep(), *default)

    assert beep_s(source) == pytest.approx(FLASH_S, abs=0.01)


def test_tracks_of_silence_count_as_sound(tmp_path: Path) -> None:
    sound = probe(two_tracks(tmp_path / "clip.mov", NO_SOUND, NO_SOUND)).sound

    assert sound is not None
    assert (sound.track, sound.peak) == (1, 0.0)


def test_a_sound_codec_that_nobody_decodes_leaves_the_next_track(tmp_path: Path) -> None:
    source = patched(two_tracks(tmp_path / "clip.mov", beep(at_s=1.0), beep()), (b"sowt", b"apac"))

    assert beep_s(source) == pytest.approx(FLASH_S, abs=0.01)


@pytest.mark.parametrize(
    ("name", "old", "new", "reason"),
    [
        ("clip.mov", b"sowt", b"apac", r"The sound's codec \(apac\) can't be decoded here.*AAC"),
        ("clip.mov", b"avc1", b"vvx9", r"The picture's codec \(vvx9\) can't be decoded here.*H\.264"),
        ("clip.mkv", b"A_PCM/INT/LIT", b"A_ODD/INT/LIT", r"The sound's codec \(A_ODD/INT/LIT\) can't be"),
        (
            "clip.mkv",
            b"V_MPEG4/ISO/AVC",
            b"V_MPEG9/ISO/AVC",
            r"The picture's codec \(V_MPEG9/ISO/AVC\) can't",
        ),
    ],
)
def test_a_codec_that_nobody_decodes_is_named(
    tmp_path: Path, name: str, old: bytes, new: bytes, reason: str
) -> None:
    source = patched(convert(tmp_path / name, *FLASH, *beep(), *H264, *PCM), (old, new))

    with pytest.raises(UnusableMedia, match=reason) as refused:
        probe(source)
    assert "download" not in str(refused.value)


def test_an_encrypted_file_is_named_as_such(tmp_path: Path) -> None:
    source = convert(
        tmp_path / "clip.mp4", *FLASH, *beep(), *H264, "-encryption_scheme", "cenc-aes-ctr", *KEY
    )

    with pytest.raises(UnusableMedia, match=r"The picture is encrypted \(encv\).*copy protection"):
        probe(source)


@pytest.mark.parametrize("entry", ["enca", "drms"])
def test_encrypted_sound_is_named_as_such(tmp_path: Path, entry: str) -> None:
    source = patched(
        convert(tmp_path / "clip.mp4", *FLASH, *beep(), *H264, "-c:a", "aac"), (b"mp4a", entry.encode())
    )

    with pytest.raises(UnusableMedia, match=rf"The sound is encrypted \({entry}\)"):
        probe(source)


def element(identity: str, payload: bytes) -> bytes:
    """Return an element of Matroska (RFC 8794) with its length in 8 bytes."""
    return bytes.fromhex(identity) + (len(payload) | 1 << 56).to_bytes(8, "big") + payload


def split(content: bytes, identity: str, at: int) -> tuple[bytes, bytes, bytes]:
    """Split the content at an element: before it, its payload, and after it."""
    start = at + len(identity) // 2
    width = 9 - content[start].bit_length()
    size = int.from_bytes(content[start : start + width], "big") & (1 << 7 * width) - 1
    end = start + width + size
    return content[:at], content[start + width : end], content[end:]


def test_an_encrypted_matroska_file_is_named_as_such(tmp_path: Path) -> None:
    streamed = ("-live", 1, "-write_crc32", 0)  # without places and sums, which the added element would spoil
    source = convert(tmp_path / "clip.mkv", *FLASH, *H264, *streamed)
    encryption = element("47e1", b"\5") + element("47e2", bytes(range(16)))
    encoding = element("5033", b"\1") + element("5035", encryption)
    content, tracks_id = source.read_bytes(), "1654ae6b"
    before, tracks, after = split(content, tracks_id, content.rindex(bytes.fromhex(tracks_id)))
    _, entry, rest = split(tracks, "ae", 0)
    entry += element("6d80", element("6240", encoding))
    source.write_bytes(before + element(tracks_id, element("ae", entry) + rest) + after)

    with pytest.raises(UnusableMedia, match=r"The picture is encrypted \(V_MPEG4/ISO/AVC\)"):
        probe(source)


def test_a_second_picture_track_is_used_if_the_first_can_not_be_decoded(tmp_path: Path) -> None:
    other = ("-f", "lavfi", "-i", "color=black:s=32x32:r=24:d=1.5")
    source = convert(tmp_path / "clip.mp4", *other, *FLASH, *beep(), "-map", 0, "-map", 1, "-map", 2, *H264)
    facts = probe(patched(source, (b"avc1\0", b"vvx9\0")))

    assert (facts.picture_track, facts.width, facts.height) == (1, 64, 48)
    assert moments_of(source).flash_s == pytest.approx(FLASH_S, abs=0.05)


def moments_of(source: Path) -> Moments:
    target = source.with_name("rendition.mp4")
    normalise(source, target, SMALL, with_sound=True)
    return moments(target)


@pytest.mark.parametrize("channel", [2, 3, 5])
def test_sound_in_any_channel_of_a_cinema_mix_is_heard(tmp_path: Path, channel: int) -> None:
    """Low-frequency effects are the fourth channel."""
    sound = beep(channel=channel, of=6, layout="5.1", hertz=60 if channel == 3 else 1000)
    source = convert(tmp_path / "clip.mkv", *FLASH, *sound, *H264, *PCM)

    assert beep_s(source) == pytest.approx(FLASH_S, abs=0.02)


@pytest.mark.parametrize("of", [2, 4, 7, 9, 24])
def test_sound_in_the_last_of_many_channels_is_heard(tmp_path: Path, of: int) -> None:
    source = convert(tmp_path / "clip.mov", *FLASH, *beep(channel=of - 1, of=of, hertz=60), *H264, *PCM)

    assert beep_s(source) == pytest.approx(FLASH_S, abs=0.02)


def test_sound_of_one_side_stays_on_its_side(tmp_path: Path) -> None:
    source = convert(tmp_path / "clip.mov", *FLASH, *beep(channel=0, of=2), *H264, *PCM)
    normalise(source, tmp_path / "rendition.mp4", SMALL, with_sound=True)
    sides = convert(
        tmp_path / "sides.mkv", "-i", tmp_path / "rendition.mp4", "-vf", "null", "-af", "pan=mono|c0=c1"
    )
    sound = probe(sides).sound

    assert sound is not None
    assert sound.peak < 0.001
