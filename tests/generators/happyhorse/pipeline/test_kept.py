from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch

from generators.base import InvalidInput
from generators.happyhorse.execution.offload import Movable
from generators.happyhorse.pipeline import checks, kept
from generators.happyhorse.pipeline.batches import batches, join_text
from generators.happyhorse.pipeline.kept import (
    ResidentParts,
    keep_in_main_memory,
    keep_loaded,
    together,
)
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


@pytest.mark.slow
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


def test_three_requests_are_served_with_one_load(parts: Parts, loads: Counter[str]) -> None:
    resident = ResidentParts(parts)
    asked = [
        replace(REQUEST, prompt=prompt, seed=n) for n, prompt in enumerate(("a cube", "a ball", "a cube"))
    ]

    clips = [resident.make([request])[0] for request in asked]

    assert loads == {"text": 1, "transformer": 1, "video_decoder": 1, "audio": 1}
    for clip, request in zip(clips, asked, strict=True):
        assert (clip.frames == Pipeline(parts).make(request).frames).all()


def test_requests_of_equal_shape_run_together_and_keep_their_order(parts: Parts) -> None:
    resident, shapes = ResidentParts(parts), []
    model = parts.transformer()
    model.register_forward_pre_hook(lambda _, inputs: shapes.append(tuple(inputs[0].shape[:1])))
    asked = [
        replace(REQUEST, prompt="a cube", seed=1),
        replace(REQUEST, prompt="a ball", seed=2, width=64),
        replace(REQUEST, prompt="two balls", seed=3),
    ]

    clips = ResidentParts(replace(parts, transformer=lambda: model)).make(asked)

    assert shapes == [(2,), (1,)]
    for clip, request in zip(clips, asked, strict=True):
        alone = Pipeline(parts).make(request)
        assert clip.frames.shape == alone.frames.shape
        assert abs(clip.frames.astype(int) - alone.frames.astype(int)).max() <= 1
        assert clip.samples is not None
        assert alone.samples is not None
        assert clip.samples == pytest.approx(alone.samples, abs=1e-4)
    assert resident.make([]) == []


def test_no_clip_is_made_if_one_request_is_wrong(parts: Parts, loads: Counter[str]) -> None:
    with pytest.raises(InvalidInput, match="multiple of 32 pixels; got 33"):
        ResidentParts(parts).make([REQUEST, replace(REQUEST, width=33)])
    assert not loads


def test_clips_of_two_shapes_are_not_made_together(parts: Parts) -> None:
    with pytest.raises(InvalidInput, match="must have one shape"):
        Pipeline(parts).make_together([REQUEST, replace(REQUEST, width=64)])


def test_parts_in_main_memory_are_on_the_device_one_at_a_time(
    parts: Parts, loads: Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    present: list[str] = []

    def arrive(self: Movable) -> None:
        present.append(type(self.first).__name__)
        self.present = True

    monkeypatch.setattr(Movable, "arrive", arrive)
    moved = keep_in_main_memory(parts)
    for prompt in ("a cube", "a ball"):
        clip = Pipeline(moved).make(replace(REQUEST, prompt=prompt))
    one = moved.held_bytes()
    assert loads == {"text": 1, "transformer": 1, "video_decoder": 1, "audio": 1}
    assert present[:4] == present[4:]
    assert len(set(present)) == 4
    whole = keep_loaded(parts)
    assert (clip.frames == Pipeline(whole).make(replace(REQUEST, prompt="a ball")).frames).all()
    assert 0 < one < whole.held_bytes()


@pytest.mark.slow
def test_parts_move_where_the_device_is_too_small_and_main_memory_is_not(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "fits_together", lambda parts, request: False)
    monkeypatch.setattr(kept, "free_main_memory", lambda: 2**40)
    resident = ResidentParts(replace(parts, device=torch.device("meta")))

    first = resident.serving(REQUEST)

    assert resident.serving(REQUEST) is first
    assert first is not resident._plain
    monkeypatch.setattr(kept, "free_main_memory", lambda: 0)
    other = ResidentParts(replace(parts, device=torch.device("meta")))
    assert other.serving(REQUEST) is other._plain


def test_as_many_run_together_as_fit(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "free_bytes", lambda device: 2**40)
    assert together(parts, REQUEST, 5) == 5
    alone = checks.estimate(parts, REQUEST).peak
    monkeypatch.setattr(checks, "free_bytes", lambda device: alone)
    assert together(parts, REQUEST, 5) == 1


def test_batches_hold_one_shape_and_at_most_so_many() -> None:
    wide = replace(REQUEST, width=64)

    assert list(batches([REQUEST, wide, REQUEST, REQUEST], 2)) == [[0, 2], [3], [1]]


def test_text_of_several_lengths_is_filled_up() -> None:
    features, lengths = join_text([torch.ones(2, 3), torch.ones(4, 3)], torch.device("cpu"))
    assert features.shape == (2, 4, 3)
    assert features[0, 2:].eq(0).all()
    assert lengths is not None
    assert lengths.tolist() == [2, 4]
    assert join_text([torch.ones(2, 3)] * 2, torch.device("cpu")).lengths is None
