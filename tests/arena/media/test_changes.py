from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from arena.media.changes import Changes, foresee
from arena.media.normalise import normalise
from arena.media.probe import Probe, Sound, probe
from arena.media.profile import Profile
from tests.factories_media import tone, write_clip

SOUND = Sound(
    track=1, rate=48_000, channels=2, start_s=0.0, end_s=5.0, gaps_s=0.0, damaged_s=0.0, peak=0.5, others=0
)
CLIP = Probe(
    duration_s=5.0,
    width=1280,
    height=720,
    fps=24.0,
    frames=120,
    video_codec="h264",
    colour_is_tagged=True,
    primaries=1,
    transfer=1,
    is_interlaced=False,
    picture_track=0,
    start_s=0.0,
    has_audio=True,
    sound=SOUND,
    container="mov",
)
OWN = Profile.following(CLIP)


def told(
    clip: Probe, profile: Profile = OWN, duration_s: float | None = None, sound: bool = True
) -> list[str]:
    return foresee(clip, profile, with_sound=sound, duration_s=duration_s).described()


def test_a_clip_in_its_own_profile_is_left_as_it_is() -> None:
    changes = foresee(CLIP, OWN, with_sound=True)

    assert (OWN.width, OWN.height, OWN.fps) == (1280, 720, 24.0)
    assert changes.described() == []
    assert (changes.scaled, changes.padded, changes.retimed) == (False, False, False)
    assert (changes.cut_s, changes.held_s, changes.sound_cut_s, changes.silence_s) == (0, 0, 0, 0)


def test_scaling_bars_and_a_cut_are_told() -> None:
    small = Profile("ballot", width=512, height=512, fps=16)

    assert told(CLIP, small, duration_s=3.0) == [
        "scaled from 1280×720 to 512×288",
        "padded with black bars to 512×512",
        "changed from 24 to 16 frames a second",
        "cut by 2.00 s at the end",
    ]


@pytest.mark.parametrize(
    ("clip", "words"),
    [
        (replace(CLIP, sound=None), "6.00 s of silence added"),
        (replace(CLIP, sound=replace(SOUND, start_s=0.5, end_s=6.0)), "0.50 s of silence added"),
        (replace(CLIP, sound=replace(SOUND, end_s=5.5)), "0.50 s of silence added"),
        (replace(CLIP, sound=replace(SOUND, end_s=6.0, gaps_s=0.25)), "0.25 s of silence added"),
        (replace(CLIP, sound=replace(SOUND, damaged_s=0.0021)), "2.1 ms of damaged sound silenced"),
        (replace(CLIP, sound=replace(SOUND, start_s=-0.5, end_s=6.0)), "0.50 s of sound cut"),
        (replace(CLIP, sound=replace(SOUND, end_s=8.0)), "2.00 s of sound cut"),
        (replace(CLIP, sound=replace(SOUND, others=2)), "2 further sound tracks left out"),
        (replace(CLIP, is_interlaced=True), "deinterlaced"),
        (replace(CLIP, primaries=9), "converted from a wide gamut to BT.709"),
    ],
)
def test_each_other_change_is_told(clip: Probe, words: str) -> None:
    assert words in told(clip, duration_s=6.0)
    assert "too short: last picture held for 1.00 s" in told(clip, duration_s=6.0)


def test_sound_that_is_not_judged_is_said_to_be_left_out() -> None:
    assert told(CLIP, sound=False) == ["sound left out"]
    assert told(replace(CLIP, sound=None, has_audio=False), sound=False) == []


def test_rates_of_television_are_not_called_changed() -> None:
    film = replace(CLIP, fps=24_000 / 1001)

    assert told(film, Profile.following(film)) == []
    assert "changed from 23.976 to 25 frames a second" in told(film, replace(OWN, fps=25))


def test_what_was_foreseen_is_done_and_kept_with_the_rendition(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "clip.mp4", width=64, height=64, sound=tone(1.0, level=0.0005))
    profile = Profile("ballot", width=96, height=64, fps=12)
    made = normalise(source, tmp_path / "r.mp4", profile, with_sound=True, duration_s=0.5)
    foreseen = foresee(probe(source), profile, with_sound=True, duration_s=0.5)

    assert made.changes == replace(
        foreseen, gain_db=made.gain_db, gain_missing_db=made.changes.gain_missing_db
    )
    assert made.gain_db == profile.max_gain_db
    assert made.changes.described() == [
        "padded with black bars to 96×64",
        "changed from 24 to 12 frames a second",
        "cut by 0.50 s at the end",
        f"sound left {made.changes.gain_missing_db:.1f} dB too quiet, as more gain would raise its noise",
    ]
    assert Changes(**json.loads(json.dumps(asdict(made)))["changes"]) == made.changes
