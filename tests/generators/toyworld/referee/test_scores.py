from __future__ import annotations

import math
from dataclasses import replace

import pytest

from generators.toyworld.referee.broken import next_sound, truth
from generators.toyworld.referee.scores import PromptedClip, f1, score_clips, summarise, wilson
from generators.toyworld.referee.synchrony import Pair, Sync
from generators.toyworld.referee.verdict import Verdict
from generators.toyworld.world.examples import example


def _verdict(colour: bool = True, pitch: bool | None = True, sync: Sync | None = None) -> Verdict:
    return Verdict(
        background=True, count=True, colour=colour, shape=True, size=True, direction=True, speed=True,
        motion=True, coherent=0.5, teleports=0.0, held=0.0, pitch=pitch, sync=sync, first_frame_db=None,
        tracks=(),
    )  # fmt: skip


def test_wilsons_interval_is_that_of_the_textbook() -> None:
    score = wilson(0.9, 100)
    assert score.low == pytest.approx(0.8256, abs=1e-4)
    assert score.high == pytest.approx(0.9448, abs=1e-4)
    assert wilson(1.0, 10).high == 1.0
    assert wilson(0.0, 10).low == 0.0
    assert math.isnan(wilson(0.0, 0).value)


@pytest.mark.parametrize("share", [0.0, 1 / 3, 1.0])
def test_an_interval_holds_its_share(share: float) -> None:
    for count in range(1, 2000):
        score = wilson(share, count)
        assert score.low <= score.value <= score.high


def test_shares_are_of_the_clips_that_say_something() -> None:
    scores = summarise([_verdict(), _verdict(colour=False), _verdict(pitch=None), _verdict(pitch=False)])
    assert scores["colour"].value == 0.75
    assert scores["pitch"].value == pytest.approx(2 / 3)
    assert scores["pitch"].count == 3
    assert scores["coherent"].value == 0.5


def test_a_silent_contender_has_no_score_for_sound() -> None:
    scores = summarise([_verdict(pitch=None)])
    assert "sync F1" not in scores
    assert "pitch" not in scores


def test_f1_is_worked_out_by_hand() -> None:
    pair = Pair(0.01, 1.0, 0.1)
    # Three of four impacts are heard, three of five sounds are seen: 2·3 / (4 + 5).
    assert f1([Sync((pair, pair), 2, 3), Sync((pair,), 2, 2)]).value == pytest.approx(6 / 9)
    assert f1([Sync((), 0, 3)]).value == 0


def test_loudness_is_a_rank_correlation() -> None:
    pairs = tuple(Pair(0.0, speed, speed**3) for speed in (0.2, 0.9, 0.4, 1.2, 0.7, 0.3))
    assert summarise([_verdict(sync=Sync(pairs, 6, 6))])["loudness"].value == pytest.approx(1.0)
    reversed_levels = tuple(Pair(0.0, pair.speed, -pair.level) for pair in pairs)
    assert summarise([_verdict(sync=Sync(reversed_levels, 6, 6))])["loudness"].value == pytest.approx(-1.0)


def test_offsets_are_in_milliseconds() -> None:
    pairs = (Pair(0.02, 1.0, 0.1), Pair(-0.04, 1.0, 0.1), Pair(0.05, 1.0, 0.1))
    scores = summarise([_verdict(sync=Sync(pairs, 3, 3))])
    assert scores["mean offset ms"].value == pytest.approx(10)
    assert scores["median |offset| ms"].value == pytest.approx(40)


def test_the_level_by_chance_is_that_of_the_next_sound() -> None:
    first, second, silent = (example("held-out", 3, place) for place in range(3))
    own = [truth(first, first), replace(truth(silent, silent), samples=None), truth(second, second)]
    swapped = [next_sound(first, second), next_sound(second, first)]

    captions = [first.caption, silent.caption, second.caption]
    scores = score_clips(map(PromptedClip, own, captions))
    expected = score_clips(map(PromptedClip, swapped, [first.caption, second.caption]))

    assert scores["sync F1 by chance"] == expected["sync F1"]
    assert scores["sync F1"] != expected["sync F1"]


def test_one_clip_has_no_level_by_chance() -> None:
    only = example("held-out", 3, 0)
    assert "sync F1 by chance" not in score_clips([PromptedClip(truth(only, only), only.caption)])
