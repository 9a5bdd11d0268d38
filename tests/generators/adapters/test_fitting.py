from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from generators.adapters.fitting import TRAITS, Ask, Terms, fit
from generators.adapters.models import Habit, Model, find_model
from generators.base import InvalidInput
from tests.providers.contract import make_request

SEEDANCE = find_model("modelark", "seedance-2.0")
HAPPYHORSE = find_model("model-studio", "happyhorse-1.0")
KLING = find_model("kling", "kling-3.0")


def _fit(model: Model = SEEDANCE, terms: Terms | None = None, **changes: Any) -> Ask:  # noqa: ANN401
    return fit(model, make_request(**changes), terms or Terms())


def test_what_the_model_offers_is_asked_for_as_it_is() -> None:
    ask = _fit()
    assert (ask.duration_s, ask.resolution, ask.ratio, ask.seed, ask.sound) == (5, "720p", "16:9", 7, True)
    assert (ask.name, ask.not_honoured) == ("dreamina-seedance-2-0-260128", ())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"duration_s": 3.0}, "seedance-2.0 cannot make 3 s: it makes 4, 5, 6, 7, 8, 9, 10, 11, 12, 13"),
        ({"width": 500, "height": 720}, "seedance-2.0 cannot make 500×720: its ratios are 16:9, 9:16, 1:1"),
        ({"seed": 2**32}, "seed must be from 0 to 4294967295 for seedance-2.0; got 4294967296."),
        ({"prompt": "A cat --seed 5"}, "The prompt must not hold a provider's switch; got '--seed'."),
    ],
)  # fmt: skip
def test_what_it_does_not_offer_is_refused_with_what_it_does(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        _fit(**changes)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("trait", "model", "changes"),
    [
        ("duration", SEEDANCE, {"duration_s": 3.0}),
        ("ratio", SEEDANCE, {"width": 720, "height": 1000}),
        ("resolution", SEEDANCE, {"width": 640, "height": 360}),
        ("fps", SEEDANCE, {"fps": 30.0}),
        ("fps", KLING, {}),
        ("seed", KLING, {}),
        ("silence", HAPPYHORSE, {"track": "t2v"}),
        ("rewriting", replace(SEEDANCE, rewriting=Habit(default=True, without=None)), {}),
        ("watermark", replace(SEEDANCE, watermark=Habit(default=True, without=None)), {}),
    ],
)
def test_each_trait_is_refused_only_if_the_contender_says_so(
    trait: Any,  # noqa: ANN401 - one of TRAITS
    model: Model,
    changes: dict[str, Any],
) -> None:
    assert trait in TRAITS
    _fit(model, Terms(refused=[each for each in TRAITS if each != trait and model is not KLING]), **changes)
    with pytest.raises(InvalidInput, match=f"take '{trait}' out of its setting 'refuse'"):
        _fit(model, Terms(refused=[trait]), **changes)


def test_what_is_not_refused_is_recorded() -> None:
    assert _fit(KLING, Terms(refused=())).not_honoured == ("seed",)
    assert _fit(HAPPYHORSE, Terms(refused=()), track="t2v").not_honoured == ("silence",)
    assert _fit(terms=Terms(refused=()), duration_s=3.0).not_honoured == ("duration_s",)


@pytest.mark.parametrize(("asked", "chosen"), [(3.0, 4), (4.2, 5), (15.0, 15), (20.0, 15)])
def test_the_next_longer_duration_is_taken(asked: float, chosen: int) -> None:
    assert _fit(terms=Terms(refused=()), duration_s=asked).duration_s == chosen


@pytest.mark.parametrize(
    ("size", "chosen"),
    [
        ((640, 360), "480p"), ((854, 480), "480p"), ((512, 512), "720p"),
        ((1280, 720), "720p"), ((3840, 2160), "720p"),
    ],
)  # fmt: skip
def test_the_lowest_resolution_that_suffices_is_taken(size: tuple[int, int], chosen: str) -> None:
    assert _fit(width=size[0], height=size[1]).resolution == chosen


def test_a_resolution_of_the_contender_goes_before_the_runs_size() -> None:
    assert _fit(terms=Terms(resolution="480p")).resolution == "480p"


def test_a_first_frame_decides_the_ratio(tmp_path: Path) -> None:
    image = tmp_path / "frame.png"
    image.write_bytes(b"\x89PNG...")
    ask = _fit(track="i2v-audio", reference_image=image, width=500)
    assert (ask.mode, ask.ratio) == ("i2v", None)
    assert ask.image == "data:image/png;base64,iVBORy4uLg=="


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"GIF89a", "The reference image must be PNG, JPEG or WebP; got another file. Convert it."),
        (b"\x89PNG" + bytes(5_000_000), "The reference image must have at most 5 MB; got 5.0 MB."),
    ],
)  # fmt: skip
def test_an_image_that_providers_do_not_take_is_refused(content: bytes, message: str, tmp_path: Path) -> None:
    image = tmp_path / "frame"
    image.write_bytes(content)
    with pytest.raises(InvalidInput) as caught:
        _ = _fit(track="i2v", reference_image=image).image
    assert str(caught.value).startswith(message)


def test_a_silent_track_switches_optional_sound_off() -> None:
    assert not _fit(track="t2v").sound
    assert _fit(HAPPYHORSE, track="t2v").sound


def test_a_negative_prompt_is_refused_for_a_model_without() -> None:
    with pytest.raises(InvalidInput, match=r"seedance-2.0 must not be given a negative prompt; it has none"):
        _fit(terms=Terms(negative_prompt="blur"))
    assert _fit(KLING, Terms(negative_prompt="blur")).negative_prompt == "blur"
