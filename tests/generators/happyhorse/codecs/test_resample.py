from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal

from generators.happyhorse.codecs.resample import resample
from tests.factories_codecs import hashed


@given(before=st.integers(2, 400), after=st.integers(2, 400))
@settings(max_examples=60, deadline=None)
def test_equals_scipys(before: int, after: int) -> None:
    samples = hashed(1, 2, before).double()
    expected = torch.from_numpy(signal.resample(samples.numpy(), after, axis=-1))
    torch.testing.assert_close(resample(samples, after), expected, atol=1e-9, rtol=0)


def test_a_tone_keeps_its_pitch_and_loudness() -> None:
    def tone(rate: int) -> torch.Tensor:
        return torch.sin(2 * math.pi * 440 * torch.arange(rate, dtype=torch.float64) / rate)

    torch.testing.assert_close(resample(tone(51_200), 44_100), tone(44_100), atol=1e-9, rtol=0)


@pytest.mark.parametrize("count", [7, 1])
def test_equal_count_changes_nothing(count: int) -> None:
    samples = hashed(1, 3, count)
    assert resample(samples, count) is samples
