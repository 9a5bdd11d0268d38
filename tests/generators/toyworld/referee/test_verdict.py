from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import pairwise

import numpy as np
import pytest

from generators.base import InvalidInput
from generators.happyhorse.codecs import linear_video, spectral_audio
from generators.happyhorse.codecs.linear_video import LinearVideoCodec
from generators.happyhorse.codecs.spectral_audio import SpectralAudioCodec
from generators.happyhorse.training.data import as_bytes, to_tensors
from generators.toyworld.referee.broken import MAKERS
from generators.toyworld.referee.scores import Score, summarise
from generators.toyworld.referee.verdict import judge, psnr_db
from generators.toyworld.senses.footage import Footage
from generators.toyworld.world.examples import FPS, Example, example
from generators.toyworld.world.grammar import parse
from tests.factories_generators import ONE

CLIPS = 16
ABOUT_PICTURES = (
    "background",
    "count",
    "colour",
    "shape",
    "size",
    "direction",
    "speed",
    "motion",
    "coherent",
)


@cache
def _scores(name: str, objects: int = 1, clips: int = CLIPS) -> dict[str, Score]:
    stream = [example("held-out", 3, place, objects) for place in range(clips + 1)]
    made = [MAKERS[name](own, after) for own, after in pairwise(stream)]
    return summarise([judge(c, e.caption, e.frames[0]) for c, e in zip(made, stream, strict=False)])


def test_a_caption_outside_the_grammar_is_refused() -> None:
    with pytest.raises(InvalidInput, match="'horse'"):
        judge(Footage.at_rate(np.zeros((4, 64, 64, 3), np.uint8), FPS), "a horse")


def test_the_truth_has_no_fault() -> None:
    scores = _scores("truth")
    assert all(scores[name].value >= 0.95 for name in (*ABOUT_PICTURES, "pitch"))
    assert scores["sync F1"].value > 0.9
    assert scores["teleports"].value == 0
    assert scores["held"].value < 0.01  # at the top of its flight an object may rest for a frame
    assert abs(scores["mean offset ms"].value) < 5
    assert scores["loudness"].value > 0.7
    assert scores["first frame dB"].value == 60


@pytest.mark.parametrize(
    ("broken", "check"),
    [
        ("wrong colour", "colour"),
        ("wrong shape", "shape"),
        ("wrong size", "size"),
        ("wrong background", "background"),
        ("other motion", "motion"),
        ("extra object", "count"),
        ("extra object", "colour"),
        ("extra object", "coherent"),
        ("next sound", "pitch"),
        ("silence", "pitch"),
        ("silence", "sync F1"),
        ("late sound", "sync F1"),
        ("next sound", "sync F1"),
        ("backwards", "sync F1"),
        ("static", "sync F1"),
        ("static", "direction"),
        ("backwards", "direction"),
    ],
)
def test_what_is_broken_is_seen(broken: str, check: str) -> None:
    assert _scores(broken)[check].high < _scores("truth")[check].low


@pytest.mark.parametrize(
    ("broken", "check", "least"),
    [("stutter", "held", 0.4), ("static", "held", 0.9), ("teleporting", "teleports", 0.3)],
)
def test_what_should_not_be_there_is_seen(broken: str, check: str, least: float) -> None:
    assert _scores(broken)[check].value > least


def test_a_flickering_object_is_incoherent() -> None:
    assert _scores("flicker")["coherent"].value == pytest.approx(0.75, abs=0.05)


@pytest.mark.parametrize("broken", ["late sound", "next sound", "silence"])
def test_wrong_sound_leaves_the_picture_right(broken: str) -> None:
    for check in ABOUT_PICTURES:
        assert _scores(broken)[check] == _scores("truth")[check]


@pytest.mark.parametrize(("broken", "fault"), [("wrong colour", "colour"), ("wrong shape", "shape")])
def test_one_fault_is_one_fault(broken: str, fault: str) -> None:
    for check in {*ABOUT_PICTURES, "pitch"} - {fault}:
        assert _scores(broken)[check].value >= _scores("truth")[check].value - 0.05


def test_an_empty_box_has_nothing_right_but_its_background() -> None:
    clip = example("held-out", 3, 0)
    empty = np.broadcast_to(np.median(clip.frames, axis=(0, 1, 2)).astype(np.uint8), clip.frames.shape)
    verdict = judge(Footage.at_rate(empty, FPS), clip.caption)
    assert verdict.background
    assert not any((verdict.count, verdict.colour, verdict.shape, verdict.size, verdict.direction))
    assert verdict.coherent == 0
    assert verdict.sync is None
    assert verdict.pitch is None


def test_noise_is_judged_without_an_error() -> None:
    rng = np.random.default_rng(0)
    frames = rng.integers(0, 256, (33, 64, 64, 3), np.uint8)
    verdict = judge(Footage.at_rate(frames, FPS, rng.normal(0, 0.1, 33_000).astype(np.float32)), ONE)
    assert verdict.coherent < 0.1


def test_a_second_patch_of_the_same_colour_is_counted() -> None:
    clip = example("held-out", 3, 0)
    light = Example(replace(parse(clip.caption), background="white"), clip.seed)
    both = np.minimum(light.frames, light.frames[:, ::-1, ::-1])
    verdict = judge(Footage.at_rate(both, FPS), light.caption)
    assert not verdict.count
    assert verdict.coherent < 0.5


def test_stereo_and_mono_are_heard_alike() -> None:
    clip = example("held-out", 3, 1)
    mono = judge(Footage.at_rate(clip.frames, FPS, clip.samples), clip.caption)
    wide = clip.samples[:, None] * np.array([np.cos(0.3), np.sin(0.3)], np.float32)
    stereo = judge(Footage.at_rate(clip.frames, FPS, wide), clip.caption)
    assert mono.sync is not None
    assert stereo.sync is not None
    assert [pair.offset_s for pair in stereo.sync.pairs] == [pair.offset_s for pair in mono.sync.pairs]
    assert [pair.level for pair in stereo.sync.pairs] == pytest.approx(
        [p.level for p in mono.sync.pairs], rel=0.01
    )


def test_psnr_is_that_of_the_textbook() -> None:
    flat = np.zeros((4, 4, 3), np.uint8)
    assert psnr_db(flat, flat) == 60
    assert psnr_db(flat, flat + np.uint8(255)) == pytest.approx(0)


@pytest.mark.slow
@pytest.mark.parametrize(("objects", "least"), [(1, 0.97), (2, 0.85)])
def test_the_ceiling_is_high_on_many_clips(objects: int, least: float) -> None:
    # Of two objects one may hide the other at the start, and then its direction.
    scores = _scores("truth", objects, 100)
    assert all(scores[name].value >= least for name in (*ABOUT_PICTURES, "pitch"))
    assert scores["sync F1"].value >= 0.9 - 0.05 * (objects - 1)
    assert scores["sync F1"].low > 2 * _scores("next sound", objects, 100)["sync F1"].high


@pytest.mark.slow
def test_the_codecs_leave_what_the_referee_reads() -> None:
    stream = [example("held-out", 4, place) for place in range(80)]
    video, audio = (
        LinearVideoCodec.load(linear_video.TOY_WORLD),
        SpectralAudioCodec.load(spectral_audio.TOY_WORLD),
    )
    verdicts = []
    for clip in stream:
        frames, samples = to_tensors([clip])
        seen = as_bytes(video.decode(video.encode(frames)))[0]
        heard = audio.decode(audio.encode(samples, 16_000))[0].mT
        verdicts.append(judge(Footage.at_rate(seen, FPS, heard.numpy()), clip.caption, clip.frames[0]))
    scores = summarise(verdicts)
    assert all(scores[name].value >= 0.92 for name in (*ABOUT_PICTURES, "pitch"))
    assert scores["sync F1"].value > 0.85
    assert scores["first frame dB"].value > 32
