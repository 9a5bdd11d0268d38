from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from generators.happyhorse.toy.codecs import shipped_codecs
from generators.happyhorse.training.scoring import CEILING, references, score, shares
from generators.toyworld.referee.broken import truth
from generators.toyworld.referee.scores import Score
from generators.toyworld.world.examples import example


@pytest.mark.slow
def test_the_truth_beats_the_codecs_and_these_beat_broken_clips() -> None:
    examples = [example("held-out", 5, place) for place in range(6)]

    table = references(examples, shipped_codecs())

    assert table["truth"]["shape"].value >= table[CEILING]["shape"].value
    assert table[CEILING]["sync F1"].value > 2 * table[CEILING]["sync F1 by chance"].value
    assert table["wrong colour"]["colour"].value < 0.5 < table[CEILING]["colour"].value
    assert table["silence"]["sync F1"].value == 0
    relative = shares(table)
    assert relative[CEILING]["colour"].value == pytest.approx(1.0)
    assert relative["truth"]["sync F1"].low < relative["truth"]["sync F1"].value
    assert "mean offset ms" not in relative["truth"]


def test_without_broken_clips_only_the_truth_and_the_codecs_are_scored() -> None:
    examples = [example("held-out", 5, place) for place in range(2)]

    assert list(references(examples, shipped_codecs(), broken=False)) == ["truth", CEILING]


def test_synchrony_by_chance_is_that_of_the_next_clips_sound() -> None:
    """Of two clips with the same sound, either sound fits as well as the clip's own."""
    one = example("held-out", 5, 0)
    clip = truth(one, one)

    scores = score([clip, clip], [one, one])

    assert scores["sync F1 by chance"] == scores["sync F1"]


def test_silent_clips_have_no_synchrony() -> None:
    examples = [example("held-out", 5, place) for place in range(2)]
    silent = [replace(truth(own, own), samples=None) for own in examples]

    scores = score(silent, examples)

    assert "sync F1" not in scores
    assert "sync F1 by chance" not in scores
    assert scores["colour"].value == 1


def test_a_given_first_frame_is_compared_with_the_clips() -> None:
    examples = [example("held-out", 5, place) for place in range(2)]
    clips = [truth(own, own) for own in examples]
    dark = [replace(clip, frames=np.zeros_like(clip.frames)) for clip in clips]

    kept, lost = score(clips, examples, from_image=True), score(dark, examples, from_image=True)

    only = kept.keys() - score(clips, examples).keys()
    assert only
    assert all(kept[name] != lost[name] for name in only)


def test_shares_divide_the_score_and_its_interval_by_the_codecs_score() -> None:
    table = {
        CEILING: {"colour": Score(0.8, 0.7, 0.9, 10), "shape": Score(0.0, 0.0, 0.1, 10)},
        "8step": {
            "colour": Score(0.4, 0.2, 0.6, 10),
            "shape": Score(0.5, 0.4, 0.6, 10),
            "mean offset ms": Score(3.0, math.nan, math.nan, 10),
        },
    }

    found = shares(table)

    assert found[CEILING]["colour"].value == 1
    assert list(found["8step"]) == ["colour"]  # nothing is divided by 0 or by an unknown score
    assert found["8step"]["colour"] == Score(0.5, pytest.approx(0.25), pytest.approx(0.75), 10)  # type: ignore[arg-type]
