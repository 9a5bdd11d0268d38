from __future__ import annotations

import gc
import re
import weakref
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any, NoReturn

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from generators.base import InvalidInput, Track, Unavailable
from generators.free_memory import GIB
from generators.happyhorse.network.config import size
from generators.happyhorse.network.kinds import kind
from generators.happyhorse.network.transformer import HappyHorseTransformer
from generators.happyhorse.pipeline import checks
from generators.happyhorse.pipeline.checks import TooLittleMemory
from generators.happyhorse.pipeline.inputs import fit_image, to_pixels
from generators.happyhorse.pipeline.parts import Parts
from generators.happyhorse.pipeline.pipeline import Pipeline
from generators.happyhorse.pipeline.request import ClipRequest, DecodedClip, Sound, Upscale
from generators.happyhorse.weights.random import random_parts
from tests.factories_codecs import PixelCodec, one_thread


def make_image(width: int = 96, height: int = 64) -> Image.Image:
    across, down = np.meshgrid(np.linspace(0, 255, width), np.linspace(0, 255, height))
    return Image.fromarray(np.stack([across, down, 255 - across], axis=-1).astype(np.uint8))


def make_sound(seconds: float = 1.0, rate: int = 48_000) -> Sound:
    time_s = np.arange(round(seconds * rate)) / rate
    tone = 0.5 * np.sin(2 * np.pi * 440 * time_s)
    return Sound(np.stack([tone, tone]).astype(np.float32), rate)


def make_request(**changes: object) -> ClipRequest:
    fields: dict[str, Any] = {"prompt": "a ball", "duration_s": 0.32, "width": 64, "height": 32, "seed": 1}
    fields |= changes
    if str(fields.get("mode", "")).startswith("i2v"):
        fields.setdefault("image", make_image())
    return ClipRequest(**fields)


class Watched:
    """A transformer of the components, and all the latents that it was shown."""

    def __init__(self, parts: Parts, stage: str = "first") -> None:
        self.video: list[Tensor] = []
        self.audio: list[Tensor | None] = []
        load = parts.transformer if stage == "first" else parts.super_resolution["540p"]
        self.model = load()
        self.model.register_forward_pre_hook(self._note)

    def _note(self, module: torch.nn.Module, args: tuple[Any, ...]) -> None:
        self.video.append(args[0])
        self.audio.append(args[1])

    def load(self) -> HappyHorseTransformer:
        return self.model


quick = pytest.fixture(autouse=True)(one_thread)


@pytest.fixture(scope="module")
def parts() -> Parts:
    return random_parts(steps=2)


@pytest.fixture
def watched(parts: Parts) -> Watched:
    return Watched(parts)


@pytest.fixture
def seen(parts: Parts, watched: Watched) -> Pipeline:
    return Pipeline(replace(parts, transformer=watched.load))


def same(a: DecodedClip, b: DecodedClip) -> bool:
    return np.array_equal(a.frames, b.frames) and (
        a.samples is b.samples is None or np.array_equal(a.samples, b.samples)  # type: ignore[arg-type]  # compared
    )


@pytest.mark.parametrize("mode", list(Track))
def test_each_mode_gives_frames_and_sound_if_it_sounds(parts: Parts, mode: Track) -> None:
    decoded = Pipeline(parts).make(make_request(mode=mode))
    assert decoded.frames.shape == (8, 32, 64, 3)
    assert decoded.frames.dtype == np.uint8
    assert decoded.frames.std() > 0
    assert decoded.fps == 25
    if mode.endswith("audio"):
        assert decoded.samples is not None
        assert decoded.samples.shape == (round(8 / 25 * 44_100), 2)
        assert decoded.sample_rate == 44_100
        assert np.abs(decoded.samples).max() <= 1
    else:
        assert decoded.samples is None


@pytest.mark.parametrize("mode", ["t2v", "i2v"])
def test_without_sound_audio_is_computed_or_left_out_as_asked(
    seen: Pipeline, watched: Watched, mode: Track
) -> None:
    computed = seen.make(make_request(mode=mode, silence="computed"))
    assert all(audio is not None and audio.shape == (1, 9, 64) for audio in watched.audio)
    watched.audio.clear()
    left_out = seen.make(make_request(mode=mode, silence="left-out"))
    assert watched.audio == [None, None]
    assert computed.samples is left_out.samples is None
    assert not same(computed, left_out)


def test_computing_sound_or_dropping_it_gives_the_same_picture(parts: Parts) -> None:
    heard, dropped = (Pipeline(parts).make(make_request(mode=mode)) for mode in ("t2v-audio", "t2v"))
    assert np.array_equal(heard.frames, dropped.frames)


def test_first_frame_is_kept_through_every_step_and_in_the_clip(parts: Parts) -> None:
    lossless = replace(
        parts,
        video_encoder=PixelCodec,
        video_decoder=PixelCodec,
        limits=replace(parts.limits, spatial_stride=4),
    )
    watched = Watched(lossless)
    image = make_image(64, 32)
    decoded = Pipeline(replace(lossless, transformer=watched.load)).make(
        make_request(mode="i2v", image=image)
    )
    anchor = PixelCodec().encode(fit_image(image, 64, 32))
    assert all(torch.equal(video[:, :, :1], anchor) for video in watched.video)
    assert np.abs(decoded.frames[0].astype(int) - np.asarray(image)).max() <= 1
    assert np.abs(decoded.frames[1].astype(int) - np.asarray(image)).max() > 1


def test_image_is_cut_to_the_clips_shape() -> None:
    wide = np.zeros((10, 40, 3), np.uint8)
    wide[:, 15:25] = 255
    assert np.all(to_pixels(fit_image(Image.fromarray(wide), 10, 10)) == 255)


def test_a_given_sound_track_is_shown_clean_at_every_step_and_kept(
    parts: Parts, seen: Pipeline, watched: Watched
) -> None:
    sound = make_sound()
    decoded = seen.make(make_request(sound=sound, mode="t2v-audio"))
    first = watched.audio[0]
    assert first is not None
    assert first.shape == (1, 9, 64)
    assert all(torch.equal(audio, first) for audio in watched.audio if audio is not None)
    count = round(8 / 25 * 48_000)
    assert decoded.samples is not None
    assert np.array_equal(decoded.samples, sound.samples[:, :count].T)
    assert decoded.sample_rate == 48_000
    assert "sound" not in decoded.stage_s


def test_a_given_sound_track_changes_the_picture(parts: Parts) -> None:
    led, free = (Pipeline(parts).make(make_request(sound=sound)) for sound in (make_sound(), None))
    assert not np.array_equal(led.frames, free.frames)


def test_equal_seeds_give_equal_clips_and_others_do_not(parts: Parts) -> None:
    first, again, other = (Pipeline(parts).make(make_request(seed=seed)) for seed in (1, 1, 2))
    assert same(first, again)
    assert not np.array_equal(first.frames, other.frames)


def test_the_prompt_matters(parts: Parts) -> None:
    ball, cube = (Pipeline(parts).make(make_request(prompt=prompt)) for prompt in ("a ball", "a cube"))
    assert not np.array_equal(ball.frames, cube.frames)


def test_global_randomness_is_neither_used_nor_moved(parts: Parts) -> None:
    films = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        before = torch.random.get_rng_state()
        films.append(Pipeline(parts).make(make_request()))
        assert torch.equal(torch.random.get_rng_state(), before)
    assert same(*films)


def test_base_checkpoint_looks_twice_a_step(parts: Parts) -> None:
    base = random_parts(kind_name="base", steps=2)
    watched = Watched(base)
    Pipeline(replace(base, transformer=watched.load)).make(make_request())
    assert len(watched.video) == 4
    assert torch.equal(watched.video[0], watched.video[1])


@pytest.mark.parametrize(("upscale", "size"), [("540p", (1024, 512)), ("1080p", (2176, 1088))])
def test_enlarged_size_keeps_the_shape(upscale: Upscale, size: tuple[int, int]) -> None:
    assert make_request(upscale=upscale).final_size(32) == size


def test_published_sizes_come_out(parts: Parts) -> None:
    request = make_request(width=448, height=256)
    assert replace(request, upscale="540p").final_size(32) == (896, 512)
    assert replace(request, upscale="1080p").final_size(32) == (1920, 1088)
    assert replace(request, width=256, height=448, upscale="1080p").final_size(32) == (1088, 1920)


@pytest.mark.parametrize("mode", ["t2v-audio", "i2v"])
def test_super_resolution_enlarges_with_its_own_checkpoint(
    parts: Parts, monkeypatch: pytest.MonkeyPatch, mode: Track
) -> None:
    small = replace(kind("540p"), lines=64)
    monkeypatch.setattr("generators.happyhorse.pipeline.request.kind", lambda name: small)
    watched = Watched(parts, "super-resolution")
    enlarging = Pipeline(replace(parts, super_resolution={"540p": watched.load}))
    plain, large = (
        enlarging.make(make_request(mode=mode)),
        enlarging.make(make_request(mode=mode, upscale="540p")),
    )
    assert large.frames.shape == (8, 64, 128, 3)
    assert len(watched.video) == 5
    assert all(video.shape[3:] == (4, 8) for video in watched.video)
    assert same(replace(plain, frames=large.frames), large)
    firsts = [video[:, :, :1] for video in watched.video]
    kept = all(torch.equal(before, after) for before, after in pairwise(firsts))
    assert kept == (mode == "i2v")


@pytest.mark.parametrize("mode", ["t2v", "t2v-audio"])
def test_a_long_clip_is_seen_in_windows(parts: Parts, mode: Track) -> None:
    watched = Watched(parts)
    short_sighted = replace(
        parts, transformer=watched.load, limits=replace(parts.limits, window=4, overlap=2)
    )
    decoded = Pipeline(short_sighted).make(make_request(mode=mode, duration_s=1.28))
    assert decoded.frames.shape[0] == 32
    assert {video.shape[2] for video in watched.video} == {4}
    assert len(watched.video) == 2 * 4  # steps × windows that begin at 0, 2, 4, 5
    assert decoded.samples is None or len(decoded.samples) == round(1.28 * 44_100)


def test_window_as_long_as_the_clip_changes_nothing(parts: Parts) -> None:
    exact = Pipeline(replace(parts, limits=replace(parts.limits, window=3, overlap=1))).make(make_request())
    assert same(exact, Pipeline(parts).make(make_request()))


@pytest.mark.parametrize(("seconds", "frames"), [(0.32, 8), (0.4, 9), (0.04, 1)])
def test_sound_lasts_as_long_as_the_picture(parts: Parts, seconds: float, frames: int) -> None:
    decoded = Pipeline(parts).make(make_request(duration_s=seconds))
    assert len(decoded.frames) == frames
    assert decoded.samples is not None
    assert len(decoded.samples) == round(frames / 25 * 44_100)


def test_full_decoder_makes_the_same_shape_and_another_picture(parts: Parts) -> None:
    full = random_parts(full_decoder=True, steps=2)
    turbo, wan = (Pipeline(some).make(make_request()) for some in (parts, full))
    assert turbo.frames.shape == wan.frames.shape
    assert not np.array_equal(turbo.frames, wan.frames)


def test_progress_names_each_stage_and_step(parts: Parts) -> None:
    told: list[tuple[str, int, int]] = []
    decoded = Pipeline(parts).make(
        make_request(mode="i2v-audio", sound=None), lambda stage, done, of: told.append((stage, done, of))
    )
    assert told == [
        ("text", 0, 1), ("text", 1, 1), ("image", 0, 1), ("image", 1, 1),
        ("denoising", 0, 2), ("denoising", 1, 2), ("denoising", 2, 2),
        ("picture", 0, 1), ("picture", 1, 1), ("sound", 0, 1), ("sound", 1, 1),
    ]  # fmt: skip
    assert list(decoded.stage_s) == ["text", "image", "denoising", "picture", "sound"]
    assert all(seconds >= 0 for seconds in decoded.stage_s.values())


@pytest.mark.slow
def test_a_stage_holds_memory_only_while_it_lasts(parts: Parts) -> None:
    alive: dict[str, weakref.ref[Any]] = {}

    def noted(name: str, load: Callable[[], object]) -> Callable[[], object]:
        def make() -> object:
            gc.collect()
            assert [other for other, held in alive.items() if held() is not None] == []
            made = load()
            alive[name] = weakref.ref(made)
            return made

        return make

    names = ("video_encoder", "transformer", "video_decoder", "audio")
    changes: dict[str, Any] = {name: noted(name, getattr(parts, name)) for name in names}
    Pipeline(replace(parts, **changes)).make(make_request(mode="i2v-audio"))
    assert list(alive) == list(names)


def without_weights(parts: Parts) -> Parts:
    """Parts that fail the test when anything heavy is loaded."""

    def fail() -> NoReturn:
        pytest.fail("weights were loaded before the request was checked")

    return replace(parts, transformer=fail, video_encoder=fail, video_decoder=fail, audio=fail)


@pytest.fixture
def untouched(parts: Parts) -> Pipeline:
    return Pipeline(without_weights(parts))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"width": 50}, r"The width must be a multiple of 32 pixels; got 50\. Try 32 or 64\."),
        ({"height": 270}, r"The height must be a multiple of 32 pixels; got 270\. Try 256 or 288\."),
        ({"height": 0}, r"The height must be a multiple of 32 pixels; got 0\. Try 32 or 64\."),
        ({"duration_s": 0.01}, r"A clip must last 1/25 s or more; got 0\.01 s\."),
        ({"prompt": "a" * 641}, r"The prompt has 641 tokens; at most 640 are allowed\."),
        (
            {"sound": make_sound(0.2)},
            r"The sound track must last as long as the clip, 0\.32 s; got 0\.20 s\.",
        ),
    ],
)
def test_refuses_before_anything_heavy(untouched: Pipeline, changes: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        untouched.make(make_request(**changes))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"prompt": " "}, r"The prompt is empty\."),
        ({"mode": "v2v"}, r"Unknown mode 'v2v'\. Known: i2v, i2v-audio, t2v, t2v-audio\."),
        ({"silence": "none"}, r"Unknown form of silence 'none'\. Known: computed, left-out\."),
        ({"upscale": "4k"}, r"Unknown super-resolution '4k'\. Known: 1080p, 540p\."),
        ({"mode": "i2v", "image": None}, r"Mode 'i2v' needs an image\. Give one, or choose 't2v'\."),
        ({"mode": "t2v", "image": make_image()}, r"Mode 't2v' takes no image\. Choose 'i2v'\."),
        (
            {"mode": "t2v", "silence": "left-out", "sound": make_sound()},
            r"silence must be 'computed' with a sound track; got 'left-out'\.",
        ),
    ],
)
def test_refuses_what_contradicts_itself(changes: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        make_request(**changes)


def test_super_resolution_without_its_checkpoint_is_unavailable(parts: Parts) -> None:
    with pytest.raises(Unavailable, match=r"upscale must be one that has a checkpoint \(none\); got 540p\."):
        Pipeline(replace(without_weights(parts), super_resolution={})).make(make_request(upscale="540p"))


def test_base_checkpoint_without_a_negative_prompt_is_unavailable(parts: Parts) -> None:
    base = replace(without_weights(parts), kind=kind("base"), negative_prompt=None)
    with pytest.raises(Unavailable, match=r"negative_prompt must be given for a base checkpoint; got none\."):
        Pipeline(base).make(make_request())


def test_super_resolution_checkpoint_makes_no_clips(parts: Parts) -> None:
    with pytest.raises(
        InvalidInput, match="kind must be one that makes clips; got 540p, which only enlarges them"
    ):
        Pipeline(replace(without_weights(parts), kind=kind("540p"))).make(make_request())


def test_too_little_memory_says_what_would_fit(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    public = replace(without_weights(parts), config=size("15b"))
    request = make_request(width=448, height=256, duration_s=9.0)
    enough = checks.estimate(public, replace(request, duration_s=5)).peak
    monkeypatch.setattr(checks, "free_bytes", lambda device: enough)
    with pytest.raises(TooLittleMemory) as raised:
        Pipeline(public).make(request)
    expected = r"448×256, not enlarged, 9\.0 s take about 3.\.. GiB for denoising; cpu has 3.\.. GiB\. "
    assert re.fullmatch(expected + r"5 s, not enlarged, would fit\.", str(raised.value))


def test_far_too_little_memory_says_so(untouched: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "free_bytes", lambda device: 1000)
    with pytest.raises(MemoryError, match=r"Not even 1 s would fit"):
        untouched.make(make_request())


def test_estimate_of_the_public_model_is_near_its_published_memory(parts: Parts) -> None:
    public = replace(parts, config=size("15b"), text_bytes=18 * GIB)
    footprint = checks.estimate(public, make_request(width=448, height=256, duration_s=5))
    assert footprint.worst == "denoising"
    assert 28.5 < footprint.denoising / GIB < 33
