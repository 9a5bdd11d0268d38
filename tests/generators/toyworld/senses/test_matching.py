from __future__ import annotations

import numpy as np
import pytest

from generators.toyworld.senses.matching import common_delay, pair


def test_pairs_are_one_to_one_and_nearest_first() -> None:
    assert pair(np.array([1.0, 1.05]), np.array([1.04]), 0.0625) == [(1, 0)]
    assert pair(np.array([1.0]), np.array([1.0625]), 0.0625) == [(0, 0)]
    assert pair(np.array([1.0]), np.array([1.07]), 0.0625) == []
    assert pair(np.zeros(0), np.ones(2), 0.0625) == []


def test_a_late_sound_is_not_taken_for_an_early_one_of_the_next_impact() -> None:
    impacts = np.array([0.5, 0.75, 1.3, 1.5])
    assert common_delay(impacts, impacts + 0.18) == pytest.approx(0.18)
    assert common_delay(impacts, impacts - 0.1) == pytest.approx(-0.1)


def test_an_offset_survives_false_and_missing_events() -> None:
    impacts, onsets = np.array([0.5, 0.9, 1.3, 2.0]), np.array([0.51, 0.62, 1.31, 2.01, 2.4])
    assert common_delay(impacts, onsets) == pytest.approx(0.01)


def test_there_is_no_offset_without_pairs() -> None:
    assert common_delay(np.array([]), np.array([1.0])) is None
    assert common_delay(np.array([1.0]), np.array([])) is None
    assert common_delay(np.array([1.0]), np.array([2.0])) is None
