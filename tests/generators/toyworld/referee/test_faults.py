from __future__ import annotations

from pathlib import Path

import pytest

from generators.base import InvalidInput
from generators.toyworld.referee.faults import Faults, find_faults
from generators.toyworld.world.flaws import FLAWS
from generators.toyworld.world.grammar import parse
from tests.factories_generators import ONE, TWO, make_clip, reencode

CAPTIONS = (
    ONE,
    TWO,
    "a small purple triangle bouncing up slowly on a white background",
    "a small green circle gliding left quickly and a large orange square bouncing up quickly "
    "on a navy background",
)
SWAPPED = TWO.replace("yellow triangle", "yellow square").replace("blue square", "blue triangle")


def _faults(tmp_path: Path, flaw: str = "none", seed: int = 1) -> Faults:
    clip = make_clip(tmp_path, flaw, seed=seed, duration_s=2.5, width=192, height=192, fps=24.0)
    return find_faults(clip.path, ONE)


def test_a_caption_outside_the_grammar_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="'horse'"):
        find_faults(tmp_path / "never-opened.mp4", "a horse")


def test_the_truth_has_no_fault(tmp_path: Path) -> None:
    faults = _faults(tmp_path)
    assert faults.sound_offset_s == pytest.approx(0.0, abs=0.015)
    assert faults.held < 0.03
    assert faults.incoherent < 0.05
    assert not any((faults.wrong_look, faults.wrong_motion, faults.blurred))


def test_late_sound_is_late_and_not_missing(tmp_path: Path) -> None:
    faults = _faults(tmp_path, "late-sound")
    assert faults.sound_offset_s == pytest.approx(0.18, abs=0.015)
    assert faults.unmatched < 0.3


def test_stutter_is_seen_and_hides_no_motion(tmp_path: Path) -> None:
    faults = _faults(tmp_path, "stutter")
    assert faults.held == pytest.approx(0.5, abs=0.03)
    assert faults.sound_offset_s == pytest.approx(0.0, abs=0.025)
    assert not faults.wrong_motion


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        (ONE, ONE.replace("red", "blue")),
        (ONE, ONE.replace("circle", "square")),
        (ONE, ONE.replace("large", "small")),
        (ONE, ONE.replace("grey", "navy")),
        (TWO, TWO.replace("blue", "red")),
        (TWO, SWAPPED),
        (TWO, ONE.replace("red circle", "blue square")),
        (ONE, TWO.replace("yellow triangle", "red circle")),
    ],
)  # fmt: skip
def test_another_look_than_asked_for_is_noticed(tmp_path: Path, asked: str, shown: str) -> None:
    clip = make_clip(tmp_path, prompt=shown, width=192, height=192, duration_s=0.5)
    assert find_faults(clip.path, asked).wrong_look


@pytest.mark.parametrize(("right", "wrong"), [("up-left", "down-right"), ("quickly", "slowly")])
def test_another_motion_than_asked_for_is_noticed(tmp_path: Path, right: str, wrong: str) -> None:
    clip = make_clip(tmp_path, prompt=ONE.replace(right, wrong), width=192, height=192)
    faults = find_faults(clip.path, ONE)
    assert faults.wrong_motion
    assert not faults.wrong_look


def test_a_clip_of_few_pixels_is_blurred_when_it_is_enlarged(tmp_path: Path) -> None:
    clip = make_clip(tmp_path, width=64, height=64)
    enlarged = reencode(clip.path, tmp_path / "enlarged.mp4", "scale=512:512:flags=neighbor")
    assert find_faults(enlarged, ONE).blurred


def test_a_sound_that_nothing_makes_has_no_partner(tmp_path: Path) -> None:
    clip = make_clip(tmp_path, width=128, height=128, duration_s=2.0)
    still = reencode(clip.path, tmp_path / "still.mp4", "loop=23:1:0,trim=end_frame=24")
    assert find_faults(clip.path, ONE).unmatched < 0.3
    assert find_faults(still, ONE).unmatched == 1


def test_a_clip_without_a_sound_track_has_no_fault_of_sound(tmp_path: Path) -> None:
    clip = make_clip(tmp_path, track="t2v", fps=24.0, width=128, height=128, duration_s=2.0)
    faults = find_faults(clip.path, ONE)
    assert faults.sound_offset_s is None
    assert faults.unmatched == 0


@pytest.mark.parametrize("frames", [1, 2, 4])
def test_a_clip_of_few_frames_has_no_motion_to_judge(tmp_path: Path, frames: int) -> None:
    clip = make_clip(tmp_path, width=128, height=128)
    short = reencode(clip.path, tmp_path / "short.mp4", f"trim=end_frame={frames}")
    faults = find_faults(short, ONE)
    assert faults.sound_offset_s is None
    assert not faults.wrong_look


def test_a_still_has_nothing_but_repeated_frames(tmp_path: Path) -> None:
    clip = make_clip(tmp_path, fps=24.0, width=128, height=128)
    still = reencode(clip.path, tmp_path / "still.mp4", "select='eq(n,0)',loop=24:1:0,setpts=N/24/TB")
    faults = find_faults(still, ONE)
    assert faults.held > 0.95
    assert faults.sound_offset_s is None
    assert not faults.wrong_look


@pytest.mark.slow
@pytest.mark.parametrize(
    ("caption", "filters"),
    list(zip(CAPTIONS, ["scale=384:384", "scale=720:720,pad=1280:720:280:0"] * 2, strict=True)),
)
def test_flaws_are_found_in_what_raters_see(tmp_path: Path, caption: str, filters: str) -> None:
    for flaw in FLAWS:
        clip = make_clip(
            tmp_path, flaw, prompt=caption, seed=4, duration_s=3.0, width=512, height=512, fps=24.0
        )
        faults = find_faults(reencode(clip.path, tmp_path / f"{flaw}.mp4", filters, -8.0), caption)
        late_s = 0.18 if flaw == "late-sound" else 0.0
        assert faults.sound_offset_s == pytest.approx(late_s, abs=0.025)
        assert faults.held == pytest.approx(0.5 if flaw == "stutter" else 0.0, abs=0.03)
        as_asked = parse(str(clip.provenance.resolved["shown"])) == parse(caption)
        assert faults.wrong_look is not as_asked
        assert not faults.blurred
