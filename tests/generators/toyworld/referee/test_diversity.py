from __future__ import annotations

import math

import numpy as np
import pytest

from generators.toyworld.referee.broken import truth
from generators.toyworld.referee.diversity import diversity, other_seeds, spread
from generators.toyworld.world.examples import example

EXAMPLES = [example("held-out", 6, place) for place in range(3)]


def test_other_seeds_change_what_happens_and_not_the_prompt() -> None:
    again = other_seeds(EXAMPLES, 2)
    assert [item.caption for item in again] == [item.caption for item in EXAMPLES for _ in range(2)]
    assert again[::2] == EXAMPLES
    assert all(one.flights != other.flights for one, other in zip(again[::2], again[1::2], strict=True))


def test_the_truth_is_diverse_and_a_single_answer_is_not() -> None:
    found = diversity([truth(own, own) for own in other_seeds(EXAMPLES, 3)], 3)
    assert found["start spread px"].value > 5
    assert found["nearest clips px"].value > 2
    same = diversity([truth(own, own) for own in EXAMPLES for _ in range(3)], 3)
    assert [score.value for score in same.values()] == [0, 0]


def test_equal_clips_have_no_spread() -> None:
    track = np.linspace([0.2, 0.2], [0.8, 0.5], 33)
    assert spread([track, track]) == (0.0, 0.0)
    assert spread([track]) == (0.0, 0.0)
    deviation, nearest = spread([track, track + np.array([0.2, 0.0]), np.full((33, 2), np.nan)])
    assert deviation == pytest.approx(0.1 / math.sqrt(2))
    assert nearest == pytest.approx(0.2)
