from __future__ import annotations

import numpy as np
import pytest

from generators.toyworld.senses.impacts import find_turns
from generators.toyworld.senses.seeing import Blob

TIMES_S = np.arange(32) / 16


def _blob(turn_s: float, speed: float) -> Blob:
    """Return the path of a blob that runs into the right wall and back."""
    x = 0.9 - np.abs(TIMES_S - turn_s) * speed
    centre = np.stack([x, np.full_like(x, 0.5)], axis=1)
    return Blob("red", "circle", centre, centre - 0.1, centre + 0.1)


@pytest.mark.parametrize("turn_s", [0.5, 0.77, 1.31])
def test_a_turn_has_its_time_and_speed(turn_s: float) -> None:
    (turn,) = find_turns(_blob(turn_s, 0.6), TIMES_S, 0.12)
    assert turn.time_s == pytest.approx(turn_s, abs=0.01)
    assert turn.speed == pytest.approx(0.6, rel=0.05)


def test_a_slow_turn_is_none() -> None:
    assert find_turns(_blob(1.0, 0.1), TIMES_S, 0.12) == []
