from __future__ import annotations

import io
import wave

import numpy as np
import pytest
from numpy.typing import NDArray

from arena.media.level_test import GAP_S, RATE_HZ, TONE_S, tone_trial


def _tones(content: bytes) -> list[NDArray[np.float64]]:
    with wave.open(io.BytesIO(content)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (2, 2, RATE_HZ)
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2).astype(float)
    starts = [round(place * (TONE_S + GAP_S) * RATE_HZ) for place in range(3)]
    return [samples[start : start + round(TONE_S * RATE_HZ)] for start in starts]


@pytest.mark.parametrize(("quiet", "opposite"), [(0, 1), (1, 2), (2, 0)])
def test_one_tone_is_6_db_quieter_and_one_has_its_ears_in_opposite_phase(quiet: int, opposite: int) -> None:
    tones = _tones(tone_trial(quiet, opposite))
    levels = [np.sqrt((tone[:, 0] ** 2).mean()) for tone in tones]
    other = next(place for place in range(3) if place not in (quiet, opposite))
    assert 20 * np.log10(levels[other] / levels[quiet]) == pytest.approx(6, abs=0.05)
    assert levels[opposite] == pytest.approx(levels[other], rel=1e-3)
    mixed = [np.abs(tone.sum(axis=1)).max() for tone in tones]
    assert mixed[opposite] <= 2, "over one loudspeaker it cancels out"
    assert min(mixed[quiet], mixed[other]) > 1000


def test_every_trial_has_the_same_length() -> None:
    assert len({len(tone_trial(*places)) for places in [(0, 1), (0, 2), (1, 0), (2, 1)]}) == 1


@pytest.mark.parametrize("places", [(0, 0), (3, 1), (-1, 2)])
def test_impossible_places_are_refused(places: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="quiet and opposite must be"):
        tone_trial(*places)
