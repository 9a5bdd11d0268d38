from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from generators.adapters.diffusers_fitting import LocalAsk, fit_local
from generators.adapters.diffusers_settings import read_terms
from generators.adapters.models import Mode
from generators.base import InvalidInput
from tests.factories_generators import make_request


def fit(model: str = "wan2.1-t2v-14b", settings: object = None, **changes: object) -> LocalAsk:
    given: Any = settings or {}
    asked: Any = {
        "track": "t2v", "prompt": "a cat", "width": 1280, "height": 720, "fps": 16.0, "duration_s": 5.0,
    } | changes  # fmt: skip
    return fit_local(read_terms({"model": model, **given}), make_request(**asked))


def test_a_clip_is_made_a_little_longer_and_cut() -> None:
    ask = fit()
    assert (ask.frames, ask.kept, ask.width, ask.height) == (81, 80, 1280, 720)
    assert (ask.mode, ask.first_frame, ask.with_sound) == (Mode.T2V, None, False)


@pytest.mark.parametrize(
    ("asked", "size"),
    [((1920, 1080), (1280, 720)), ((854, 480), (1280, 720)), ((832, 480), (832, 480))],
)
def test_the_nearest_size_has_the_same_shape_before_the_same_area(
    asked: tuple[int, int], size: tuple[int, int]
) -> None:
    ask = fit(width=asked[0], height=asked[1])
    assert (ask.width, ask.height) == size


def test_a_given_size_is_taken() -> None:
    ask = fit(settings={"pixels": "832x480"})
    assert (ask.width, ask.height) == (832, 480)


@pytest.mark.parametrize(
    ("settings", "changes", "message"),
    [
        ({}, {"duration_s": 6.0}, r"cannot make 6 s: its longest clip is 5\.06 s\. .*\(then: ratio\)"),
        ({}, {"width": 720}, r"cannot make 720×720: it makes 832×480\. .*'ratio'"),
        ({"refuse": ["resolution"]}, {"width": 640, "height": 360}, r"640×360: it makes .*\(then: none\)"),
        ({"refuse": ["fps"]}, {"fps": 24.0}, "cannot make 24 fps: it makes 16 fps"),
        ({"pixels": "asked"}, {"width": 1000}, "must be multiples of 16 .*; got 1000×720"),
        ({}, {"prompt": " "}, "prompt must not be empty"),
        ({}, {"track": "i2v", "reference_image": Path("nowhere.png")}, "nowhere.png cannot be read"),
    ],
)
def test_what_is_refused_is_named_with_what_is_offered(
    settings: dict[str, object], changes: dict[str, object], message: str
) -> None:
    with pytest.raises(InvalidInput, match=message):
        fit("wan2.1-t2v-14b", settings, **changes)


def test_what_is_not_refused_is_made_as_near_as_possible() -> None:
    ask = fit(settings={"refuse": []}, duration_s=60.0, width=720)
    assert (ask.frames, ask.kept) == (81, 81)


def test_the_first_frame_is_the_images_middle_in_the_clips_shape(tmp_path: Path) -> None:
    pixels = np.zeros((64, 400, 3), np.uint8)
    pixels[:, 180:220] = 255
    Image.fromarray(pixels).save(tmp_path / "image.png")
    ask = fit("wan2.1-i2v-14b-720p", track="i2v", reference_image=tmp_path / "image.png")
    assert ask.first_frame is not None
    assert ask.first_frame.size == (1280, 720)
    assert ask.first_frame.getpixel((640, 360)) == (255, 255, 255)
    assert ask.first_frame.getpixel((20, 360)) == (0, 0, 0)


def test_a_damaged_image_is_refused(tmp_path: Path) -> None:
    (tmp_path / "image.png").write_bytes(b"\x89PNG, cut off")
    with pytest.raises(InvalidInput, match=r"image\.png cannot be read: .*Give another"):
        fit("wan2.1-i2v-14b-720p", track="i2v", reference_image=tmp_path / "image.png")
