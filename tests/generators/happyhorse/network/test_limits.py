from __future__ import annotations

import math

import pytest

from generators.base import InvalidInput
from generators.happyhorse.network.facts import RESOLUTIONS
from generators.happyhorse.network.kinds import KINDS, usual_resolution
from generators.happyhorse.network.limits import PUBLIC, Limits, require_duration, require_steps

SMALL = Limits(fps=16, spatial_stride=4, longest_s=2.0, only_size=(64, 64))


@pytest.mark.parametrize(
    ("duration_s", "frames", "latent_frames"), [(0.04, 2, 1), (4, 101, 26), (5, 126, 32), (10, 251, 63)]
)
def test_a_clip_has_one_frame_more_than_it_lasts(duration_s: float, frames: int, latent_frames: int) -> None:
    assert PUBLIC.frames(duration_s) == frames
    assert PUBLIC.latent_frames(duration_s) == latent_frames


@pytest.mark.parametrize("size", RESOLUTIONS.values())
def test_the_public_model_makes_all_named_resolutions(size: tuple[int, int]) -> None:
    PUBLIC.require_clip(5, *size)


def test_each_kind_was_trained_on_the_lines_of_its_resolution() -> None:
    assert {name: usual_resolution(name).height for name in KINDS} == {
        name: kind.lines for name, kind in KINDS.items()
    }


@pytest.mark.parametrize(
    ("limits", "clip", "message"),
    [
        (PUBLIC, (5, 448, 270), r"The height must be a multiple of 32 pixels; got 270\. Try 256 or 288\."),
        (PUBLIC, (5, 0, 256), r"The width must be a multiple of 32 pixels; got 0\. Try 32 or 64\."),
        (PUBLIC, (0.01, 448, 256), r"A clip must last 1/25 s or more; got 0\.01 s\."),
        (SMALL, (0.01, 64, 64), r"A clip must last 1/16 s or more; got 0\.01 s\."),
        (SMALL, (2.5, 64, 64), r"must last at most 2\.0 s; got 2\.5 s\."),
        (SMALL, (2, 128, 64), r"A clip of this model must be 64×64 pixels; got 128×64\."),
        (SMALL, (2, 68, 64), r"The width must be a multiple of 8 pixels; got 68\. Try 64 or 72\."),
    ],
)
def test_a_clip_beyond_the_limits_is_refused(
    limits: Limits, clip: tuple[float, int, int], message: str
) -> None:
    with pytest.raises(InvalidInput, match=message):
        limits.require_clip(*clip)


@pytest.mark.parametrize("seconds", [0, -1, math.nan, math.inf, 3601])
def test_no_model_makes_a_clip_of_any_duration(seconds: float) -> None:
    with pytest.raises(InvalidInput, match="must last more than 0 s, and at most 3600 s; got"):
        require_duration(seconds)


def test_the_models_own_number_of_steps_needs_no_check() -> None:
    require_steps(None)
    require_steps(1000)
    with pytest.raises(InvalidInput, match="from 1 to 1000; got 1001"):
        require_steps(1001)
