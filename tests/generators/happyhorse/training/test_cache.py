from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from generators.base import InvalidInput
from generators.happyhorse.codecs import linear_video, spectral_audio
from generators.happyhorse.codecs.linear_video import LinearVideoCodec
from generators.happyhorse.codecs.spectral_audio import SpectralAudioCodec
from generators.happyhorse.toy.codecs import shipped_codecs
from generators.happyhorse.training import cache
from generators.happyhorse.training.cache import DeviceCache, LatentCache, Recipe, encode_clips, fill_cache

RECIPE = Recipe("train", seed=4, count=12, objects=1, codecs="shipped")
VIDEO = LinearVideoCodec.load(linear_video.TOY_WORLD)
AUDIO = SpectralAudioCodec.load(spectral_audio.TOY_WORLD)


class _Stopped(Exception):
    pass


def _stop(done: int) -> None:
    raise _Stopped


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the few clips of a test make two chunks."""
    monkeypatch.setattr(cache, "_CHUNK", 8)


def test_it_holds_what_encoding_gives(tmp_path: Path) -> None:
    filled = fill_cache(tmp_path, RECIPE, VIDEO, AUDIO)
    fresh = encode_clips(range(9, 11), RECIPE, VIDEO, AUDIO)
    kept = filled.batch(np.array([9, 10]))
    assert len(filled) == 12
    assert torch.allclose(kept.video, fresh.video, rtol=1e-3, atol=1e-3)
    assert torch.allclose(kept.audio, fresh.audio, rtol=1e-3, atol=1e-3)
    assert (kept.words == fresh.words).all()
    assert kept.video.dtype == torch.float32


def test_an_interrupted_filling_goes_on_where_it_was(tmp_path: Path) -> None:
    with pytest.raises(_Stopped):
        fill_cache(tmp_path / "broken", RECIPE, VIDEO, AUDIO, _stop)
    told: list[int] = []
    resumed = fill_cache(tmp_path / "broken", RECIPE, VIDEO, AUDIO, told.append)
    whole = fill_cache(tmp_path / "whole", RECIPE, VIDEO, AUDIO)
    assert told == [12]
    everything = np.arange(12)
    for one, other in zip(resumed.batch(everything), whole.batch(everything), strict=True):
        assert isinstance(one, Tensor)
        assert torch.equal(one, other)


def test_a_cache_of_another_recipe_is_refused(tmp_path: Path) -> None:
    small = replace(RECIPE, count=2)
    fill_cache(tmp_path, small, VIDEO, AUDIO)
    with pytest.raises(ValueError, match="Use another folder"):
        fill_cache(tmp_path, replace(small, codecs="others"), VIDEO, AUDIO)


def test_a_cache_of_no_clips_is_refused() -> None:
    with pytest.raises(ValueError, match="clips must be a whole number from 1 to 1000000000; got 0"):
        Recipe("train", seed=0, count=0, objects=1, codecs="none")


def test_a_cache_that_is_not_filled_yet_cannot_be_read(tmp_path: Path) -> None:
    """Clips that are still to come are zeros, from which nothing can be learnt."""
    with pytest.raises(_Stopped):
        fill_cache(tmp_path, RECIPE, VIDEO, AUDIO, _stop)

    with pytest.raises(InvalidInput, match=r"is not filled yet\. Fill it by `train --cache "):
        LatentCache(tmp_path)


def test_a_folder_without_a_cache_cannot_be_read(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "none"):
        with pytest.raises(InvalidInput, match=r"has none\. Fill it by `train --cache "):
            LatentCache(folder)


def test_a_filled_cache_encodes_nothing_more(tmp_path: Path) -> None:
    small = replace(RECIPE, count=2)
    fill_cache(tmp_path, small, VIDEO, AUDIO)
    told: list[int] = []

    again = fill_cache(tmp_path, small, _Unused(), _Unused(), told.append)

    assert told == []
    assert len(again) == 2


def test_progress_is_told_after_each_chunk(tmp_path: Path) -> None:
    told: list[int] = []

    fill_cache(tmp_path, replace(RECIPE, count=17), VIDEO, AUDIO, told.append)

    assert told == [8, 16, 17]


def test_nothing_is_left_beside_the_files(tmp_path: Path) -> None:
    fill_cache(tmp_path, replace(RECIPE, count=2), VIDEO, AUDIO)

    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "audio.npy",
        "cache.json",
        "video.npy",
        "words.npy",
    ]


@pytest.mark.parametrize(
    "changed", [{"seed": 5}, {"count": 3}, {"objects": 2}, {"split": "held-out"}, {"version": 0}]
)
def test_every_part_of_a_recipe_tells_caches_apart(tmp_path: Path, changed: dict[str, Any]) -> None:
    small = replace(RECIPE, count=2)
    fill_cache(tmp_path, small, VIDEO, AUDIO)

    with pytest.raises(InvalidInput, match="Use another folder"):
        fill_cache(tmp_path, replace(small, **changed), VIDEO, AUDIO)


def test_a_seed_below_0_is_refused() -> None:
    with pytest.raises(InvalidInput, match="seed must be a whole number from 0"):
        Recipe("train", seed=-1, count=1, objects=1, codecs="none")


def test_clips_on_the_device_are_those_of_the_training_stream() -> None:
    codecs = shipped_codecs()
    fresh = encode_clips(range(3), Recipe("train", 0, 3, 1, codecs.digest), codecs.video, codecs.audio)

    kept = DeviceCache(codecs, 3, "cpu")
    batch = kept.batch(np.array([2, 0]))

    assert len(kept) == 3
    assert batch.video.equal(fresh.video[[2, 0]].half().float())
    assert batch.audio.equal(fresh.audio[[2, 0]].half().float())
    assert batch.words.equal(fresh.words[[2, 0]])


class _Unused(torch.nn.Module):
    """A codec that must not be called."""

    temporal_stride = spatial_stride = latent_channels = sample_rate = 1
    latents_per_s = 1.0

    def encode(self, *_: object) -> Tensor:
        raise AssertionError

    def decode(self, *_: object) -> Tensor:
        raise AssertionError
