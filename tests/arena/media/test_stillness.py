from __future__ import annotations

from pathlib import Path

import numpy as np

from arena.media.stillness import is_still
from generators.encode import Clip, encode


def _write(path: Path, frames: list[np.ndarray]) -> Path:
    encode(Clip(frames, 12, None), path, 128, 96)
    return path


def _picture(dot: int | None = None) -> np.ndarray:
    noise = np.random.default_rng(1).integers(0, 255, (96, 128, 3), dtype=np.uint8)
    if dot is not None:
        noise[40:52, dot : dot + 12] = 255
    return noise


def test_one_picture_shown_for_long_is_still(tmp_path: Path) -> None:
    assert is_still(_write(tmp_path / "clip.mp4", [_picture()] * 24))


def test_a_single_picture_is_still(tmp_path: Path) -> None:
    assert is_still(_write(tmp_path / "clip.mp4", [_picture()]))


def test_a_small_thing_that_moves_is_enough(tmp_path: Path) -> None:
    assert not is_still(_write(tmp_path / "clip.mp4", [_picture(dot=i) for i in range(24)]))


def test_a_clip_that_moves_at_its_end_only_is_not_still(tmp_path: Path) -> None:
    assert not is_still(_write(tmp_path / "clip.mp4", [*[_picture(dot=0)] * 23, _picture(dot=60)]))
