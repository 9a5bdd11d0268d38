from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from arena.media.motion import measure_motion
from generators.encode import Clip, encode

GREY, LIGHTER = 100, 140
LUMA = (LIGHTER - GREY) * 219 / 255
"""Difference of the two greys in the limited range of luma."""


def _write(path: Path, levels: list[int]) -> Path:
    frames = [np.full((96, 128, 3), level, dtype=np.uint8) for level in levels]
    encode(Clip(frames, 12, None), path, 128, 96)
    return path


def test_a_still_picture_has_no_motion(tmp_path: Path) -> None:
    assert measure_motion(_write(tmp_path / "clip.mp4", [GREY] * 12)) == pytest.approx(0, abs=0.2)


def test_a_single_picture_has_no_motion(tmp_path: Path) -> None:
    assert measure_motion(_write(tmp_path / "clip.mp4", [GREY])) == 0


def test_it_is_the_mean_difference_between_successive_pictures(tmp_path: Path) -> None:
    flicker = measure_motion(_write(tmp_path / "flicker.mp4", [GREY, LIGHTER] * 6))
    once = measure_motion(_write(tmp_path / "once.mp4", [GREY] * 6 + [LIGHTER] * 6))
    assert flicker == pytest.approx(LUMA, abs=1.5)
    assert once == pytest.approx(LUMA / 11, abs=0.5)


def test_the_same_file_gives_the_same_number(tmp_path: Path) -> None:
    path = _write(tmp_path / "clip.mp4", [GREY, 90, LIGHTER, 60])
    assert measure_motion(path) == measure_motion(path)
