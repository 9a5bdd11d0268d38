from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from generators.happyhorse.pipeline import checks
from generators.happyhorse.pipeline.kept import ResidentParts, keep_loaded
from generators.happyhorse.pipeline.parts import Parts
from generators.happyhorse.pipeline.pipeline import Pipeline
from generators.happyhorse.pipeline.request import ClipRequest
from generators.happyhorse.weights.random import random_parts
from tests.factories_codecs import one_thread

quick = pytest.fixture(autouse=True)(one_thread)
REQUEST = ClipRequest(prompt="a ball", duration_s=0.32, width=32, height=32)


@pytest.fixture
def loads() -> Counter[str]:
    return Counter()


@pytest.fixture
def parts(loads: Counter[str]) -> Parts:
    """Return tiny random parts that count how often each is loaded."""

    def counting(name: str, load: Callable[[], Any]) -> Callable[[], Any]:
        def counted() -> Any:  # noqa: ANN401 - any part
            loads[name] += 1
            return load()

        return counted

    made = random_parts(steps=1)
    text: Any = made.text
    text.load_network = counting("text", text.load_network)
    return replace(
        made,
        transformer=counting("transformer", made.transformer),
        video_decoder=counting("video_decoder", made.video_decoder),
        audio=counting("audio", made.audio),
    )


def test_kept_parts_are_loaded_once_for_many_clips(parts: Parts, loads: Counter[str]) -> None:
    resident = ResidentParts(parts)
    first, second = (
        Pipeline(resident.serving(request)).make(request)
        for request in (REQUEST, replace(REQUEST, prompt="a cube"))
    )
    assert loads == {"text": 1, "transformer": 1, "video_decoder": 1, "audio": 1}
    assert (first.frames != second.frames).any()


def test_kept_parts_make_the_same_clips(parts: Parts) -> None:
    kept = keep_loaded(parts)
    for prompt in ("a cube", "a ball"):
        Pipeline(kept).make(replace(REQUEST, prompt=prompt))
    again, plain = (Pipeline(each).make(REQUEST) for each in (kept, parts))
    assert (again.frames == plain.frames).all()
    assert again.samples is not None
    assert plain.samples is not None
    assert (again.samples == plain.samples).all()


def test_the_bytes_of_loaded_parts_count_as_there(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = keep_loaded(parts)
    assert kept.held_bytes() == 0
    kept.transformer()
    one = kept.held_bytes()
    kept.audio()
    assert kept.held_bytes() > one > 0
    together = checks.estimate(kept, REQUEST)
    monkeypatch.setattr(checks, "free_bytes", lambda device: together.peak - kept.held_bytes())
    checks.check(kept, REQUEST)
    with pytest.raises(checks.TooLittleMemory):
        checks.check(parts, REQUEST)


def test_without_memory_for_all_parts_each_clip_loads_them_anew(
    parts: Parts, loads: Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    resident = ResidentParts(parts)
    Pipeline(resident.serving(REQUEST)).make(REQUEST)
    peak = checks.estimate(parts, REQUEST).peak

    def left(device: object) -> int:
        return peak - (resident._kept.held_bytes() if resident._kept else 0)

    monkeypatch.setattr(checks, "free_bytes", left)
    for _ in range(2):
        Pipeline(resident.serving(REQUEST)).make(REQUEST)
    assert loads["transformer"] == 3


@pytest.mark.parametrize(("free", "kept"), [(2**40, True), (0, False), (None, False)])
def test_parts_are_kept_only_where_memory_is_known_to_hold_them(
    parts: Parts, monkeypatch: pytest.MonkeyPatch, free: int | None, kept: bool
) -> None:
    monkeypatch.setattr(checks, "free_bytes", lambda device: free)
    assert checks.fits_together(parts, REQUEST) == kept
