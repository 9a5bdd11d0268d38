from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from generators.happyhorse.sampling.latents import Latents
from generators.happyhorse.toy.codecs import shipped_codecs
from generators.happyhorse.toy.model import BASE, ToyModel, distilled_kind
from generators.happyhorse.training.clips import ClipSampler, decode, round_trip
from generators.happyhorse.training.data import to_tensors
from generators.toyworld.world.examples import FPS, FRAMES, SAMPLE_RATE, SAMPLES, SIDE, example
from tests.factories_training import SMALL

CODECS = shipped_codecs()
EXAMPLES = [example("held-out", 3, place) for place in range(3)]


@pytest.fixture(scope="module")
def sampler() -> ClipSampler:
    torch.manual_seed(0)
    return ClipSampler(ToyModel(SMALL, CODECS.variances), distilled_kind(2), CODECS)


def test_there_is_one_clip_for_each_caption_in_the_toy_worlds_form(sampler: ClipSampler) -> None:
    clips = list(sampler.clips(EXAMPLES))

    assert len(clips) == 3
    for clip in clips:
        assert clip.frames.shape == (FRAMES, SIDE, SIDE, 3)
        assert clip.frames.dtype == np.uint8
        assert clip.samples is not None
        assert len(clip.samples) == SAMPLES
        assert clip.times_s.tolist() == [frame / FPS for frame in range(FRAMES)]
        assert clip.sample_rate == SAMPLE_RATE


def test_seeds_count_up_from_the_first(sampler: ClipSampler) -> None:
    """A clip depends on its own seed and caption, not on the batch that it is made in."""
    together = sampler.latents(EXAMPLES, seed=5)
    alone = sampler.latents(EXAMPLES[2:], seed=7)

    torch.testing.assert_close(together.video[2:], alone.video, rtol=1e-3, atol=1e-4)
    assert not together.video[0].equal(sampler.latents(EXAMPLES[:1], seed=6).video[0])


@pytest.mark.parametrize("kind", [distilled_kind(2), replace(BASE, steps=2)])
def test_a_given_first_frame_is_kept(sampler: ClipSampler, kind: object) -> None:
    given = replace(sampler, kind=kind, from_image=True)  # type: ignore[arg-type]  # the parameters' common type
    frames, _ = to_tensors(EXAMPLES)
    expected = CODECS.video.encode(frames[:, :, :1])

    assert given.latents(EXAMPLES, seed=0).video[:, :, :1].equal(expected)
    assert not sampler.latents(EXAMPLES, seed=0).video[:, :, :1].equal(expected)


def test_a_cascade_keeps_the_silent_video_and_makes_sound_for_it(sampler: ClipSampler) -> None:
    """With a network whose sound and video know nothing of each other, both ways make the same clip."""
    joint, cascade = sampler.latents(EXAMPLES, 0), replace(sampler, cascade=True).latents(EXAMPLES, 0)

    torch.testing.assert_close(cascade.video, joint.video)
    assert cascade.audio is not None
    assert joint.audio is not None
    torch.testing.assert_close(cascade.audio, joint.audio)


def test_latents_without_audio_are_silent_clips() -> None:
    frames, _ = to_tensors(EXAMPLES)

    clips = list(decode(Latents(CODECS.video.encode(frames), None), CODECS))

    assert [clip.samples for clip in clips] == [None, None, None]


def test_a_round_trip_is_close_to_the_true_clips() -> None:
    clips = list(round_trip(EXAMPLES, CODECS))

    for clip, own in zip(clips, EXAMPLES, strict=True):
        assert np.abs(clip.frames.astype(int) - own.frames).mean() < 6
        assert clip.samples is not None
        loud = np.abs(own.samples).mean()
        assert np.abs(clip.samples).mean() == pytest.approx(loud, rel=0.5)


def test_no_clips_are_made_for_no_captions(sampler: ClipSampler) -> None:
    assert list(sampler.clips([])) == []
    assert list(round_trip([], CODECS)) == []
