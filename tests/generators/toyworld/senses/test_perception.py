from __future__ import annotations

from pathlib import Path

import pytest

from generators.base import InvalidInput
from generators.toyworld.senses.perception import Perception, perceive
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


def _perceive(tmp_path: Path, flaw: str = "none", caption: str = ONE, seed: int = 1) -> Perception:
    clip = make_clip(
        tmp_path, flaw, prompt=caption, seed=seed, duration_s=2.5, width=192, height=192, fps=24.0
    )
    return perceive(clip.path, caption)


def test_a_caption_outside_the_grammar_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="'horse'"):
        perceive(tmp_path / "never-opened.mp4", "a horse")


def test_the_truth_has_no_fault(tmp_path: Path) -> None:
    perception = _perceive(tmp_path)
    assert perception.sound_offset_s == pytest.approx(0.0, abs=0.015)
    assert perception.held_share < 0.03
    assert perception.colour_matches
    assert perception.shape_matches
    assert perception.seen == (("red", "circle"),)


def test_late_sound_is_heard_to_be_late(tmp_path: Path) -> None:
    assert _perceive(tmp_path, "late-sound").sound_offset_s == pytest.approx(0.18, abs=0.015)


def test_stutter_is_seen(tmp_path: Path) -> None:
    perception = _perceive(tmp_path, "stutter")
    assert perception.held_share == pytest.approx(0.5, abs=0.03)
    assert perception.sound_offset_s == pytest.approx(0.0, abs=0.025)


@pytest.mark.parametrize(
    ("asked", "shown", "colour_matches", "shape_matches"),
    [
        (ONE, ONE.replace("red", "blue"), False, True),
        (ONE, ONE.replace("circle", "square"), True, False),
        (ONE, ONE.replace("red circle", "blue square"), False, False),
        (TWO, TWO.replace("blue", "red"), False, True),
        (TWO, TWO.replace("triangle", "circle"), True, False),
        (TWO, SWAPPED, True, False),
        (TWO, ONE.replace("red circle", "blue square"), False, False),
        (ONE, TWO.replace("yellow triangle", "red circle"), False, False),
    ],
)  # fmt: skip
def test_what_is_not_as_asked_is_noticed(
    tmp_path: Path, asked: str, shown: str, colour_matches: bool, shape_matches: bool
) -> None:
    clip = make_clip(tmp_path, prompt=shown, width=192, height=192, duration_s=0.5)
    perception = perceive(clip.path, asked)
    assert (perception.colour_matches, perception.shape_matches) == (colour_matches, shape_matches)


def test_a_silent_clip_has_no_offset(tmp_path: Path) -> None:
    clip = make_clip(tmp_path, track="t2v", fps=24.0, width=128, height=128, duration_s=2.0)
    perception = perceive(clip.path, ONE)
    assert perception.sound_offset_s is None
    assert perception.impacts > 0
    assert perception.onsets == 0


def test_a_still_has_nothing_but_repeated_frames(tmp_path: Path) -> None:
    clip = make_clip(tmp_path, fps=24.0, width=128, height=128)
    still = reencode(clip.path, tmp_path / "still.mp4", "select='eq(n,0)',loop=24:1:0,setpts=N/24/TB")
    perception = perceive(still, ONE)
    assert perception.held_share > 0.95
    assert perception.sound_offset_s is None
    assert perception.colour_matches


@pytest.mark.slow
@pytest.mark.parametrize(
    ("caption", "filters"),
    list(zip(CAPTIONS, ["scale=384:384", "scale=720:720,pad=1280:720:280:0"] * 2, strict=True)),
)
def test_flaws_are_perceived_in_what_raters_see(tmp_path: Path, caption: str, filters: str) -> None:
    for flaw in FLAWS:
        clip = make_clip(
            tmp_path, flaw, prompt=caption, seed=4, duration_s=3.0, width=512, height=512, fps=24.0
        )
        perception = perceive(reencode(clip.path, tmp_path / f"{flaw}.mp4", filters, -8.0), caption)
        shown = parse(str(clip.provenance.resolved["shown"])).objects
        late_s = 0.18 if flaw == "late-sound" else 0.0
        assert perception.sound_offset_s == pytest.approx(late_s, abs=0.025)
        assert perception.held_share == pytest.approx(0.5 if flaw == "stutter" else 0.0, abs=0.03)
        assert set(perception.seen) == {(item.colour, item.shape) for item in shown}
        as_asked = shown == parse(caption).objects
        assert (perception.colour_matches and perception.shape_matches) is as_asked
